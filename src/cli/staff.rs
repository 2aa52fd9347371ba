//! `hamyar staff …`: the people who work here.
//! Called by `cli`; the first person of a new city is added with it.
//! A password is read from standard input and never printed; a token is printed once.

use clap::Subcommand;

use super::{print, secret_from_stdin};
use crate::{
    ground::Ground,
    staff::{NewPerson, Role, TokensAfter, add_staff, contact::ContactKind, set_password, tokens},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add somebody; the password is read from standard input
    Add {
        /// The name by which they log in
        login: String,
        /// How they are called
        #[arg(long)]
        name: String,
        /// What they may do: operator, officer, approver, admin, mentor
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
        /// BCP 47
        #[arg(long, default_value = "fa")]
        language: String,
        /// A telephone number
        #[arg(long)]
        phone: Option<String>,
        /// A mailbox
        #[arg(long)]
        email: Option<String>,
    },
    /// Set a new password, read from standard input; ends all their sessions and tokens
    Password {
        /// The name by which they log in
        login: String,
        /// Let the tokens of their programs open what they opened before
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Make a token for a program that acts as somebody; it is printed once, on standard output
    Token {
        /// The name by which they log in
        login: String,
        /// What it is for
        #[arg(long)]
        name: String,
    },
}

/// Does it.
pub async fn run(ground: &Ground, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add { login, name, roles, language, phone, email } => {
            let contacts = [(ContactKind::Phone, phone), (ContactKind::Email, email)];
            let new = NewPerson {
                name,
                language,
                minor: false,
                roles,
                contacts: contacts.into_iter().filter_map(|(kind, address)| Some((kind, address?))).collect(),
                verified: true,
            };
            let person = add_staff(ground, &new, &login, &secret_from_stdin()?).await?;
            print(&format!("added {login} ({person})"));
        }
        Command::Password { login, keep_tokens } => {
            let tokens = if keep_tokens { TokensAfter::Stay } else { TokensAfter::End };
            let ended = set_password(ground, &login, &secret_from_stdin()?, tokens).await?;
            print(&format!(
                "{login} has a new password; ended {} session(s) and {} token(s)",
                ended.sessions, ended.tokens
            ));
        }
        Command::Token { login, name } => {
            let (_, secret) = tokens::make_for(ground, &login, &name).await?;
            print(secret.reveal());
        }
    }
    Ok(())
}
