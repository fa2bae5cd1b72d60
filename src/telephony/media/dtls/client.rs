use super::certificate::{PublicKey, SCHEMES};
use super::common::{Common, Progress, verify};
use super::hello::{self, ClientHello, Extensions, ServerHello};
use super::message::{self, Message};
use super::secrets::Share;
use super::wire::{Reader, put_block};
use super::{Failure, wrong};

const ECDSA_SIGNS: u8 = 64;

/// The end that begins.
pub(super) struct Client {
    awaits: Awaits,
    /// It has been shown where we are: once is enough.
    proved: bool,
    suite: u16,
    key: Option<PublicKey>,
    /// The other end's half of the secret, and its group.
    theirs: Option<(u16, Vec<u8>)>,
    asked_for_certificate: bool,
}

enum Awaits {
    Hello,
    Certificate,
    Share,
    Done,
    Finished,
    Nothing,
}

impl Client {
    /// Begins.
    pub fn new(common: &mut Common) -> Self {
        hello(common, Vec::new());
        Self { awaits: Awaits::Hello, proved: false, suite: 0, key: None, theirs: None, asked_for_certificate: false }
    }

    pub fn take(&mut self, common: &mut Common, message: &Message) -> Result<Progress, Failure> {
        match (&self.awaits, message.kind) {
            (Awaits::Hello, message::HELLO_VERIFY_REQUEST) if !self.proved => {
                self.proved = true;
                let mut reader = Reader::new(&message.body);
                let cookie = reader.take(2).and_then(|_| reader.block(1)).ok_or_else(|| wrong("a cookie"))?;
                common.begin();
                common.messages.clear(); // neither this nor what it answers counts (RFC 6347, 4.2.1)
                hello(common, cookie.to_vec());
            }
            (Awaits::Hello, message::SERVER_HELLO) => self.hello(common, message)?,
            (Awaits::Certificate, message::CERTIFICATE) => {
                self.key = Some(common.their_key(message)?);
                common.saw(message);
                self.awaits = Awaits::Share;
            }
            (Awaits::Share, message::SERVER_KEY_EXCHANGE) => self.share(common, message)?,
            (Awaits::Done, message::CERTIFICATE_REQUEST) if !self.asked_for_certificate => {
                let mut reader = Reader::new(&message.body);
                let kinds = reader.block(1).ok_or_else(|| wrong("what certificates are asked for"))?;
                let schemes = reader.list(2).ok_or_else(|| wrong("what signatures are asked for"))?;
                if !kinds.contains(&ECDSA_SIGNS) || !schemes.contains(&super::certificate::OWN_SCHEME) {
                    return Err(Failure::NothingInCommon);
                }
                common.saw(message);
                self.asked_for_certificate = true;
            }
            (Awaits::Done, message::SERVER_HELLO_DONE) => {
                common.saw(message);
                self.answer(common)?;
            }
            (Awaits::Finished, message::FINISHED) => {
                let keys = common.finished(message)?;
                self.awaits = Awaits::Nothing;
                return Ok(Progress::Done(keys));
            }
            (Awaits::Nothing, _) => {}
            _ => return Ok(Progress::Unexpected),
        }
        Ok(Progress::More)
    }

    fn hello(&mut self, common: &mut Common, message: &Message) -> Result<(), Failure> {
        let hello = ServerHello::read(&message.body).ok_or_else(|| wrong("its first message"))?;
        if ![hello::ECDSA, hello::RSA].contains(&hello.suite) {
            return Err(Failure::NothingInCommon);
        }
        common.suite = Some(hello.extensions.answered_suite().ok_or(Failure::NothingInCommon)?);
        common.their_random = hello.random;
        common.extended = hello.extensions.extended;
        common.saw(message);
        self.suite = hello.suite;
        self.awaits = Awaits::Certificate;
        Ok(())
    }

    /// RFC 8422, 5.4.
    fn share(&mut self, common: &mut Common, message: &Message) -> Result<(), Failure> {
        let mut reader = Reader::new(&message.body);
        let read = |reader: &mut Reader<'_>| {
            let named_curve = reader.array()? == [3];
            let group = u16::from_be_bytes(reader.array()?);
            Some((group, reader.block(1)?.to_vec())).filter(|_| named_curve)
        };
        let theirs = read(&mut reader).ok_or_else(|| wrong("its half of the secret"))?;
        let length = message.body.len() - reader.rest().len();
        let told = message.body.get(..length).unwrap_or_default();
        let (client, server) = common.randoms();
        let key = self.key.as_ref().ok_or_else(|| wrong("the order of messages"))?;
        if key.is_rsa() != (self.suite == hello::RSA) {
            return Err(Failure::Certificate);
        }
        verify(key, reader, &[&client, &server, told].concat())?;
        common.saw(message);
        self.theirs = Some(theirs);
        self.awaits = Awaits::Done;
        Ok(())
    }

    fn answer(&mut self, common: &mut Common) -> Result<(), Failure> {
        let (group, theirs) = self.theirs.take().ok_or_else(|| wrong("the order of messages"))?;
        let share = Share::new(group).ok_or(Failure::NothingInCommon)?;
        let public = share.public().ok_or_else(|| wrong("our half of the secret"))?;
        let secret = share.agree(&theirs).ok_or_else(|| wrong("its half of the secret"))?;
        common.begin();
        if self.asked_for_certificate {
            common.say(message::CERTIFICATE, common.own_certificate());
        }
        let mut body = Vec::new();
        put_block(&mut body, 1, &public);
        common.say(message::CLIENT_KEY_EXCHANGE, body);
        common.agreed(&secret)?;
        if self.asked_for_certificate {
            let proof = common.signature(&common.messages)?;
            common.say(message::CERTIFICATE_VERIFY, proof);
        }
        common.finish()?;
        self.awaits = Awaits::Finished;
        Ok(())
    }
}

fn hello(common: &mut Common, cookie: Vec<u8>) {
    let suites = vec![hello::ECDSA, hello::RSA];
    let hello = ClientHello { random: common.random, cookie, suites, extensions: Extensions::offered(&SCHEMES) };
    common.say(message::CLIENT_HELLO, hello.write());
}
