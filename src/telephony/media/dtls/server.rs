use super::certificate::{OWN_SCHEME, PublicKey, SCHEMES};
use super::common::{Common, Progress, verify};
use super::hello::{self, ClientHello, ServerHello};
use super::message::{self, Message};
use super::secrets::Share;
use super::wire::{Reader, put, put_block, put_list};
use super::{Failure, wrong};

/// Certificates that may be shown: of RSA, of ECDSA.
const KINDS: [u8; 2] = [1, 64];

/// The end that waits.
#[derive(Default)]
pub(super) struct Server {
    awaits: Awaits,
    share: Option<Share>,
    key: Option<PublicKey>,
}

#[derive(Default)]
enum Awaits {
    #[default]
    Hello,
    Certificate,
    Share,
    Proof,
    Finished,
    Nothing,
}

impl Server {
    /// Answers a first message.
    pub fn welcome(&mut self, common: &mut Common, theirs: &ClientHello) -> Result<(), Failure> {
        common.their_random = theirs.random;
        let offered = &theirs.extensions;
        let suite = offered.suite().ok_or(Failure::NothingInCommon)?;
        let can = |group: &&u16| [hello::X25519, hello::P256].contains(group);
        let group = *offered.groups.iter().find(can).ok_or(Failure::NothingInCommon)?;
        if !theirs.suites.contains(&hello::ECDSA) || !offered.schemes.contains(&OWN_SCHEME) {
            return Err(Failure::NothingInCommon);
        }
        common.suite = Some(suite);
        common.extended = offered.extended;
        let hello = ServerHello { random: common.random, suite: hello::ECDSA, extensions: offered.answer(suite) };
        let share = Share::new(group).ok_or_else(|| wrong("our half of the secret"))?;
        let public = share.public().ok_or_else(|| wrong("our half of the secret"))?;
        let mut told = vec![3];
        put(&mut told, 2, group.into());
        put_block(&mut told, 1, &public);
        let (client, server) = common.randoms();
        let proof = common.signature(&[&client, &server, told.as_slice()].concat())?;
        let mut asked = Vec::new();
        put_block(&mut asked, 1, &KINDS);
        put_list(&mut asked, 2, &SCHEMES);
        put(&mut asked, 2, 0); // nobody in particular need have vouched
        common.begin();
        common.say(message::SERVER_HELLO, hello.write());
        common.say(message::CERTIFICATE, common.own_certificate());
        common.say(message::SERVER_KEY_EXCHANGE, [told, proof].concat());
        common.say(message::CERTIFICATE_REQUEST, asked);
        common.say(message::SERVER_HELLO_DONE, Vec::new());
        self.share = Some(share);
        self.awaits = Awaits::Certificate;
        Ok(())
    }

    pub fn take(&mut self, common: &mut Common, message: &Message) -> Result<Progress, Failure> {
        match (&self.awaits, message.kind) {
            (Awaits::Certificate, message::CERTIFICATE) => {
                self.key = Some(common.their_key(message)?);
                common.saw(message);
                self.awaits = Awaits::Share;
            }
            (Awaits::Share, message::CLIENT_KEY_EXCHANGE) => {
                let theirs = Reader::new(&message.body).block(1).ok_or_else(|| wrong("its half of the secret"))?;
                let share = self.share.take().ok_or_else(|| wrong("the order of messages"))?;
                let secret = share.agree(theirs).ok_or_else(|| wrong("its half of the secret"))?;
                common.saw(message);
                common.agreed(&secret)?;
                self.awaits = Awaits::Proof;
            }
            (Awaits::Proof, message::CERTIFICATE_VERIFY) => {
                let key = self.key.as_ref().ok_or_else(|| wrong("the order of messages"))?;
                verify(key, Reader::new(&message.body), &common.messages)?;
                common.saw(message);
                self.awaits = Awaits::Finished;
            }
            (Awaits::Finished, message::FINISHED) => {
                let keys = common.finished(message)?;
                common.begin();
                common.finish()?;
                self.awaits = Awaits::Nothing;
                return Ok(Progress::Done(keys));
            }
            (Awaits::Nothing, _) => {}
            _ => return Ok(Progress::Unexpected),
        }
        Ok(Progress::More)
    }
}
