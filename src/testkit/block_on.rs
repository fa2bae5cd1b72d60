use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future that never has to wait: in virtual time everything is ready at once.
///
/// # Panics
/// When it does have to wait: something real got into a virtual test.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => {
            panic!("a future waits in virtual time; only virtual worlds may be awaited here")
        }
    }
}
