/// What a caller can want. The names are the starter model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    /// A new appointment.
    Book,
    /// Another time for an appointment.
    Reschedule,
    /// No appointment after all.
    Cancel,
    /// When is it open?
    Hours,
    /// What does it cost?
    Price,
    /// Where is it?
    Address,
    /// Does it come there?
    ServiceArea,
    /// Tell somebody something.
    LeaveMessage,
    /// A person, please.
    Human,
    /// Yes.
    Yes,
    /// No.
    No,
    /// A name.
    GiveName,
    /// A phone number.
    GivePhone,
    /// A day or time.
    GiveTime,
    /// One of the options.
    ChooseOption,
    /// Say it again.
    Repeat,
    /// The end.
    Goodbye,
    /// Danger.
    Emergency,
    /// Is this a machine?
    RobotQuestion,
    /// None of this.
    OutOfScope,
}

impl Command {
    /// All, with their names in prompts and decisions.
    pub const ALL: [(Command, &'static str); 20] = [
        (Command::Book, "book"),
        (Command::Reschedule, "reschedule"),
        (Command::Cancel, "cancel"),
        (Command::Hours, "hours"),
        (Command::Price, "price"),
        (Command::Address, "address"),
        (Command::ServiceArea, "service_area"),
        (Command::LeaveMessage, "leave_message"),
        (Command::Human, "human"),
        (Command::Yes, "yes"),
        (Command::No, "no"),
        (Command::GiveName, "give_name"),
        (Command::GivePhone, "give_phone"),
        (Command::GiveTime, "give_time"),
        (Command::ChooseOption, "choose_option"),
        (Command::Repeat, "repeat"),
        (Command::Goodbye, "goodbye"),
        (Command::Emergency, "emergency"),
        (Command::RobotQuestion, "robot_question"),
        (Command::OutOfScope, "out_of_scope"),
    ];

    /// The command of this name.
    pub fn named(name: &str) -> Option<Command> {
        Command::ALL.iter().find(|(_, known)| *known == name).map(|(command, _)| *command)
    }

    /// True for what changes the calendar in the end.
    pub const fn has_effect(self) -> bool {
        matches!(self, Command::Book | Command::Reschedule | Command::Cancel)
    }
}
