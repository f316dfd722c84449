//! A tokio channel to a task on a thread of its own, with a oneshot for each
//! answer.

use tokio::sync::{mpsc, oneshot};

type Asked = (u64, Option<oneshot::Sender<u64>>);

pub(super) fn start() -> mpsc::UnboundedSender<Asked> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Asked>();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be built");
        runtime.block_on(async {
            let mut sum = 0;
            while let Some((amount, reply)) = receiver.recv().await {
                sum += amount;
                if let Some(reply) = reply {
                    // The asker waits; were it gone, nothing would be lost.
                    let _ = reply.send(sum);
                }
            }
        });
    });
    sender
}

pub(super) async fn asks(sender: &mpsc::UnboundedSender<Asked>, count: u32) {
    for _ in 0..count {
        let (reply, answer) = oneshot::channel();
        sender.send((1, Some(reply))).expect("the task lives");
        answer.await.expect("the task answers");
    }
}

pub(super) async fn tells(sender: &mpsc::UnboundedSender<Asked>, count: u32) {
    for _ in 1..count {
        sender.send((1, None)).expect("the task lives");
    }
    asks(sender, 1).await;
}
