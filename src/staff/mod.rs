//! People, how they are reached, what they may do, and how they prove who they are.
//! Every room takes its rights from here; `http::rights` turns a cookie or a token into a [`Caller`].
//! Rights are types: a function that takes [`Approver`] can't be reached by a helper.

pub mod contact;
mod ended; // SQL of what has ended and is no longer kept.
mod people;
mod rights;
pub mod sign_in;
mod store;
pub mod tokens;

pub use people::{
    NewPerson, PasswordRefusal, Person, PersonFault, TokensAfter, add_staff, change_own_password, put_person,
    set_password,
};
pub use rights::{Admin, Approver, Caller, Helper, Mentor, Officer, Operator, Registrar, Role, StaffMember};
