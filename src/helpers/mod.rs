//! Who the helpers are, what a minor may be asked, who is to be told and why.
//! `http::helpers` registers and lists; `deliver` expands audiences (`Tx::audience_after`) and asks [`minors`]; `assess` may ask helpers nearby.
//! A minor is registered with a mentor, and without one is asked nothing; a warning is withheld from nobody.

mod invite;
mod mentor;
pub mod minors;
mod register;
mod squad;
mod store;
mod target;

pub use invite::{
    InvitationShown, InviteRefusal, Invited, NewInvitation, accept, invite, revoke, send_code_again, show,
};
pub use mentor::{appoint, assign_mentor, end_mentorship, minors_without_mentor};
pub use register::{
    HelperFault, NewHelper, Registered, Standing, consent, erase, leave, put_helper, register, remove, set_own_zones,
    set_zones,
};
pub use squad::{assign, form};
pub use store::{HelperRow, HelperZone, InvitationRow, SquadRow};
pub use target::{Reached, Reason, Recipient};
