//! Suite `messages`: what the supervised address costs over a bare actix
//! address and a tokio channel.
//!
//! Receivers run on a thread of their own, as components do; senders on the
//! main thread. `ask` waits for each answer before it sends the next, `tell`
//! sends 10,000 and waits for the last.

mod bare;
mod batch;
mod channel;
mod supervised;

use crate::rounds::{Contestant, compete, measure};

const ROUNDS: usize = 15;
/// Asks a turn.
const ASKS: u32 = 5_000;
/// Messages a turn that nobody waits for; within every mailbox's bound.
const TELLS: u32 = 10_000;

/// Runs the suite.
pub(crate) fn run() {
    let system = actix_rt::System::new();
    let bare = system.block_on(bare::start());
    let supervised = system.block_on(supervised::start());
    let channel = channel::start();
    compete(
        "messages",
        ROUNDS,
        &mut [
            Contestant {
                name: "ask_bare_actix",
                turn: Box::new(|| measure(ASKS, || system.block_on(bare::asks(&bare, ASKS)))),
            },
            Contestant {
                name: "ask_supervised",
                turn: Box::new(|| {
                    measure(ASKS, || system.block_on(supervised::asks(&supervised, ASKS)))
                }),
            },
            Contestant {
                name: "ask_tokio_channel",
                turn: Box::new(|| measure(ASKS, || system.block_on(channel::asks(&channel, ASKS)))),
            },
        ],
    );
    compete(
        "messages",
        ROUNDS,
        &mut [
            Contestant {
                name: "tell_bare_actix",
                turn: Box::new(|| measure(TELLS, || system.block_on(bare::tells(&bare, TELLS)))),
            },
            Contestant {
                name: "tell_supervised",
                turn: Box::new(|| {
                    measure(TELLS, || system.block_on(supervised::tells(&supervised, TELLS)))
                }),
            },
            Contestant {
                name: "tell_tokio_channel",
                turn: Box::new(|| {
                    measure(TELLS, || system.block_on(channel::tells(&channel, TELLS)))
                }),
            },
        ],
    );
    batch::run(&system);
}
