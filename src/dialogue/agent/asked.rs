use super::command::Command;
use crate::brain::Expect;

/// What the caller was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// How can I help?
    Open,
    /// Which service?
    Service,
    /// The price of which service?
    PriceOf,
    /// Which day (and time)?
    Day,
    /// What time on a known day?
    Time,
    /// Which of the offered times?
    Options,
    /// Which of the bookings found?
    Which,
    /// What name?
    Name,
    /// Letter by letter?
    Spelling,
    /// What number?
    Phone,
    /// Is this the number?
    PhoneMeant,
    /// Is the number shown good?
    CallerPhone,
    /// A question of the business's own.
    Question,
    /// Is the read-back right?
    Confirm,
    /// The answer to the read-back was lost: is anything to be changed?
    AnyChange,
    /// What is to be changed?
    Change,
    /// To book, to move, to cancel, or a message?
    Wish,
    /// What is the message?
    Message,
    /// Shall I take a message?
    OfferMessage,
    /// Did you mean that?
    Meant(Command),
    /// Anything else?
    AnythingElse,
}

impl Asked {
    /// True when yes or no answers it.
    pub(super) const fn is_yes_no(self) -> bool {
        matches!(
            self,
            Asked::Confirm
                | Asked::AnyChange
                | Asked::CallerPhone
                | Asked::PhoneMeant
                | Asked::OfferMessage
                | Asked::Meant(_)
                | Asked::AnythingElse
        )
    }

    /// True when something offered can be chosen.
    pub(super) const fn is_options(self) -> bool {
        matches!(self, Asked::Options | Asked::Which)
    }

    /// The starter model's word for it.
    pub(super) const fn in_prompt(self) -> &'static str {
        match self {
            Asked::Open | Asked::Wish => "none",
            Asked::Service | Asked::PriceOf => "service",
            Asked::Day => "day",
            Asked::Time => "time",
            Asked::Options | Asked::Which => "options",
            Asked::Name | Asked::Spelling => "name",
            Asked::Phone => "phone",
            Asked::Confirm
            | Asked::AnyChange
            | Asked::Change
            | Asked::CallerPhone
            | Asked::PhoneMeant
            | Asked::OfferMessage
            | Asked::Meant(_) => "confirm",
            Asked::Question => "reason",
            Asked::Message => "message",
            Asked::AnythingElse => "anything_else",
        }
    }

    /// How patient to be with the answer.
    pub(super) const fn expects(self) -> Expect {
        match self {
            Asked::Open | Asked::Wish | Asked::Service | Asked::PriceOf | Asked::Change | Asked::Question => {
                Expect::Open
            }
            Asked::Day | Asked::Time => Expect::When,
            Asked::Options | Asked::Which => Expect::Choice,
            Asked::Name | Asked::Spelling => Expect::Name,
            Asked::Phone => Expect::Digits(super::brain::PHONE_DIGITS),
            Asked::Message => Expect::Message,
            Asked::Confirm
            | Asked::AnyChange
            | Asked::CallerPhone
            | Asked::PhoneMeant
            | Asked::OfferMessage
            | Asked::Meant(_)
            | Asked::AnythingElse => Expect::YesNo,
        }
    }
}
