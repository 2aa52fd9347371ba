//! Names the short messages around an alert (`Phrase`) and the words that other texts are made of (`Word`), with what is filled into each.
//! Used by `template` to check what was loaded and to say it.
//! A name here is a key of `messages.toml` or `words.toml`; every language has every one.

macro_rules! keys {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$item_doc:meta])* $item:ident = $key:literal [$($slot:literal),*]),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$item_doc])* $item),+ }

        impl $name {
            /// Every one.
            $vis const ALL: &'static [Self] = &[$(Self::$item),+];

            /// Its name in the template file.
            $vis const fn key(self) -> &'static str {
                match self { $(Self::$item => $key),+ }
            }

            /// What may be filled in.
            $vis const fn slots(self) -> &'static [&'static str] {
                match self { $(Self::$item => &[$($slot),*]),+ }
            }
        }
    };
}

keys! {
    /// A short message around an alert; its doc names what is filled in.
    pub enum Phrase {
        /// Thanks for a report: `number`.
        ReportThanks = "report_thanks" ["number"],
        /// What became of a report: `number`, `outcome`.
        ReportOutcome = "report_outcome" ["number", "outcome"],
        /// A sign-in code: `code`, `minutes`.
        SignInCode = "sign_in_code" ["code", "minutes"],
        /// A mentor's invitation: `mentor`, `link`.
        Invitation = "invitation" ["mentor", "link"],
        /// “What do you see?”: `zone`.
        WhatDoYouSee = "what_do_you_see" ["zone"],
        /// The same for a call, answered by a key: `zone`.
        WhatDoYouSeeSpoken = "what_do_you_see_spoken" ["zone"],
        /// “Are you all right?”
        Welfare = "welfare" [],
        /// The same for a call.
        WelfareSpoken = "welfare_spoken" [],
        /// A task: `task`, and `place` where known.
        Task = "task" ["task", "place"],
        /// The same for a call: `task`, and `place` where known.
        TaskSpoken = "task_spoken" ["task", "place"],
        /// An answer that could mean several notices: `options`, made of [`Phrase::AskBackOption`]s.
        AskBackNotices = "ask_back_notices" ["options"],
        /// An answer that could come from several people: `options`.
        AskBackPersons = "ask_back_persons" ["options"],
        /// One option: `digit`, `name`.
        AskBackOption = "ask_back_option" ["digit", "name"],
        /// The answer is recorded.
        AnswerRecorded = "answer_recorded" [],
        /// The answer was not understood.
        AnswerNotUnderstood = "answer_not_understood" [],
        /// A mentor's copy of a text message: `minor`, `text`.
        MentorCopy = "mentor_copy" ["minor", "text"],
        /// How to acknowledge: `reply`.
        ReplyLine = "reply_line" ["reply"],
        /// The same, as short as can be: `reply`.
        ReplyShort = "reply_short" ["reply"],
        /// Where to acknowledge: `link`.
        LinkLine = "link_line" ["link"],
        /// Whom to call: `contact`.
        ContactLine = "contact_line" ["contact"],
        /// What the desk should know: `level`.
        DeskLine = "desk_line" ["level"],
        /// What a mentor should do: `minor`.
        MentorLine = "mentor_line" ["minor"],
        /// What the minor was told, for the mentor: `minor`, `text`.
        MinorWasTold = "minor_was_told" ["minor", "text"],
    }
}

keys! {
    /// A word that other texts are made of.
    pub(crate) enum Word {
        /// An exercise's mark around a text.
        Exercise = "exercise" ["text"],
        /// The mark alone.
        ExerciseMark = "exercise_mark" [],
        /// An exercise's mark around a text for a voice.
        ExerciseSpoken = "exercise_spoken" ["text"],
        /// The first zones and how many more.
        ZonesMore = "zones_more" ["first", "n"],
        /// Before the last item of a list.
        ListAnd = "list_and" [],
        /// Metres.
        Metre = "metre" ["n"],
        /// The same for a voice.
        MetreSpoken = "metre_spoken" ["n"],
        /// Centimetres.
        Centimetre = "centimetre" ["n"],
        /// The same for a voice.
        CentimetreSpoken = "centimetre_spoken" ["n"],
        /// Millimetres.
        Millimetre = "millimetre" ["n"],
        /// The same for a voice.
        MillimetreSpoken = "millimetre_spoken" ["n"],
        /// Metres a second.
        MetrePerSecond = "metre_per_second" ["n"],
        /// The same for a voice.
        MetrePerSecondSpoken = "metre_per_second_spoken" ["n"],
        /// Cubic metres a second.
        CubicMetrePerSecond = "cubic_metre_per_second" ["n"],
        /// The same for a voice.
        CubicMetrePerSecondSpoken = "cubic_metre_per_second_spoken" ["n"],
        /// Degrees Celsius.
        DegreeCelsius = "degree_celsius" ["n"],
        /// The same for a voice.
        DegreeCelsiusSpoken = "degree_celsius_spoken" ["n"],
        /// Degrees of frost: a sign before a number stands on the wrong side in a right-to-left text.
        DegreesBelowZero = "degrees_below_zero" ["n"],
        /// The same for a voice.
        DegreesBelowZeroSpoken = "degrees_below_zero_spoken" ["n"],
    }
}
