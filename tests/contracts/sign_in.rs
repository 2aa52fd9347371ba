//! Who comes in by what, and for how long: passwords that are guessed, tokens, and an administrator who ends them.
//! Told on both engines with the real hashing of passwords.
//! Where the service itself waits, the clock is the machine's.

use hamyar::{
    clock::Clock,
    ground::Ground,
    id::{PersonId, Secret},
    staff::{
        self, Admin, Caller, NewPerson, PasswordRefusal, Role, StaffMember, TokensAfter, add_staff, set_password,
        sign_in::{self, SignInRefusal},
        tokens::{self, TokenFault},
    },
};

use crate::engines::on_both_engines;

const PASSWORD: &str = "a long password";

async fn hire(ground: &Ground, login: &str, role: Role) -> PersonId {
    let new = NewPerson {
        name: login.to_owned(),
        language: "fa".into(),
        minor: false,
        roles: vec![role],
        contacts: Vec::new(),
        verified: true,
    };
    add_staff(ground, &new, login, &Secret::new(PASSWORD)).await.expect("somebody of the staff")
}

async fn enters(ground: &Ground, login: &str) -> (Secret, Caller) {
    let password = Secret::new(PASSWORD);
    let signed_in = sign_in::by_password(ground, login, &password, "192.0.2.9").await.expect("the password fits");
    (signed_in.secret, signed_in.caller)
}

#[tokio::test]
async fn an_administrator_ends_every_sign_in_of_a_person() {
    on_both_engines(|ground| async move {
        let reza = hire(&ground, "reza", Role::Officer).await;
        hire(&ground, "leila", Role::Admin).await;
        let (cookie, caller) = enters(&ground, "reza").await;
        let by = StaffMember::try_from_caller(caller).expect("of the staff");
        assert!(matches!(tokens::make_own(&ground, &by, " ").await, Err(TokenFault::Name)));
        let (_, own) = tokens::make_own(&ground, &by, "board").await.expect("a token");
        let (_, given) = tokens::make_for(&ground, "Reza", "recorder").await.expect("a token");
        assert_eq!(tokens::own(&ground, &by).await.expect("a list").len(), 2);

        let admin = Admin::try_from_caller(enters(&ground, "leila").await.1).expect("an administrator");
        let ended = tokens::end_sign_ins(&ground, &admin, reza).await.expect("an answer").expect("a person");
        assert_eq!((ended.sessions, ended.tokens), (1, 2));
        for token in [&own, &given] {
            assert_eq!(sign_in::caller_of_token(&ground, token).await.expect("an answer"), None);
        }
        assert_eq!(sign_in::caller_of_session(&ground, &cookie).await.expect("an answer"), None);
        let mut tx = ground.store.read("the audit").await.expect("a transaction");
        assert_eq!(tx.verify_audit().await.expect("the chain holds"), 7, "two hired, two came, two tokens, one end");
    })
    .await;
}

#[tokio::test]
async fn whoever_guesses_a_name_s_password_keeps_themselves_out_not_its_owner() {
    on_both_engines(|ground| async move {
        let ground = Ground { clock: Clock::system(), ..ground };
        hire(&ground, "maryam", Role::Approver).await;
        let wrong = Secret::new("a wrong password");
        // All of one IPv6 network is one address.
        for host in 1..=ground.config.sign_in.tries_per_name_max {
            let address = format!("2001:db8:1:2::{host}");
            let refused = sign_in::by_password(&ground, "maryam", &wrong, &address).await;
            assert!(matches!(refused, Err(SignInRefusal::Wrong)), "try {host}: {refused:?}");
        }
        let right = Secret::new(PASSWORD);
        let guesser = sign_in::by_password(&ground, "maryam", &right, "2001:db8:1:2::ffff").await;
        assert!(matches!(guesser, Err(SignInRefusal::TooMany)), "{guesser:?}");
        let began = ground.now();
        sign_in::by_password(&ground, "maryam", &right, "192.0.2.9").await.expect("the owner comes in");
        assert!(ground.now().duration_since(began).as_secs() >= 2, "a name that is guessed is slow");
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_tokens_unless_these_are_to_stay() {
    on_both_engines(|ground| async move {
        hire(&ground, "reza", Role::Officer).await;
        let opens =
            async |secret: &Secret| sign_in::caller_of_token(&ground, secret).await.expect("an answer").is_some();
        let (cookie, caller) = enters(&ground, "reza").await;
        let by = StaffMember::try_from_caller(caller).expect("of the staff");
        let (_, token) = tokens::make_own(&ground, &by, "board").await.expect("a token");
        let audited = async || {
            let mut tx = ground.store.read("the audit").await.expect("a transaction");
            tx.verify_audit().await.expect("the chain holds")
        };
        let rows = audited().await;

        // By the command line, as a matter of routine: programs go on.
        let ended = set_password(&ground, "reza", &Secret::new(PASSWORD), TokensAfter::Stay).await.expect("set");
        assert_eq!((ended.sessions, ended.tokens, opens(&token).await), (1, 0, true));
        assert_eq!(sign_in::caller_of_session(&ground, &cookie).await.expect("an answer"), None);

        // By the owner: the current one is asked for, and a wrong one changes nothing.
        let (cookie, caller) = enters(&ground, "reza").await;
        let by = StaffMember::try_from_caller(caller).expect("of the staff");
        let (new, wrong) = (Secret::new("another long password"), Secret::new("a wrong password"));
        let change = async |current: &Secret| {
            staff::change_own_password(&ground, &by, (current, &new), TokensAfter::End, "192.0.2.9").await
        };
        let refused = change(&wrong).await;
        assert!(matches!(refused, Err(PasswordRefusal::SignIn(SignInRefusal::Wrong))), "{refused:?}");
        assert!(
            opens(&token).await && sign_in::caller_of_session(&ground, &cookie).await.expect("an answer").is_some()
        );
        let ended = change(&Secret::new(PASSWORD)).await.expect("changed");
        assert_eq!((ended.sessions, ended.tokens, opens(&token).await), (1, 1, false));
        assert_eq!(sign_in::caller_of_session(&ground, &cookie).await.expect("an answer"), None);
        let old = sign_in::by_password(&ground, "reza", &Secret::new(PASSWORD), "192.0.2.9").await;
        assert!(matches!(old, Err(SignInRefusal::Wrong)), "{old:?}");
        sign_in::by_password(&ground, "reza", &new, "192.0.2.9").await.expect("the new one fits");
        assert_eq!(audited().await, rows + 4, "two passwords, two sign-ins");
    })
    .await;
}

#[tokio::test]
async fn a_token_does_not_change_its_owner_s_password() {
    on_both_engines(|ground| async move {
        hire(&ground, "reza", Role::Officer).await;
        let by = StaffMember::try_from_caller(enters(&ground, "reza").await.1).expect("of the staff");
        let (_, token) = tokens::make_own(&ground, &by, "board").await.expect("a token");
        let program = sign_in::caller_of_token(&ground, &token).await.expect("an answer").expect("an open token");
        let program = StaffMember::try_from_caller(program).expect("of the staff");
        let both = (&Secret::new(PASSWORD), &Secret::new("another long password"));
        let refused = staff::change_own_password(&ground, &program, both, TokensAfter::End, "192.0.2.9").await;
        assert!(matches!(refused, Err(PasswordRefusal::ByToken)), "{refused:?}");
    })
    .await;
}
