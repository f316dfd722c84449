//! Subscribers of every kind, and what a bad one costs the others.

use std::time::Duration;

use actix::{Actor, ActorContext as _, Context, Handler, Message};
use futures_util::future;
use keepwatch_actors::courier::{Couriers, DeliveryStatus, Subscriber};
use keepwatch_actors::supervisor::Workshop;
use keepwatch_actors::supervisor::testing::{pass, paused, threaded};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct Number(u32);

fn listener(name: &str) -> (Subscriber<Number>, UnboundedReceiver<u32>) {
    let (sender, receiver) = unbounded_channel();
    let subscriber = Subscriber::closure(name, move |Number(number)| sender.send(number));
    (subscriber, receiver)
}

fn heard(receiver: &mut UnboundedReceiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

fn status(couriers: &Couriers<Number>, name: &str) -> DeliveryStatus {
    let statuses = couriers.statuses();
    statuses.into_iter().find(|status| status.subscriber.as_ref() == name).expect(name)
}

fn publish(couriers: &Couriers<Number>, numbers: std::ops::Range<u32>) {
    for number in numbers {
        couriers.publish(&Number(number));
    }
}

#[test]
fn a_bad_subscriber_costs_the_others_nothing() {
    paused(async {
        let couriers = Couriers::new(Workshop::here());
        let (good, mut numbers) = listener("good");
        let second = Duration::from_secs(1);
        couriers.subscribe(Subscriber::closure("panics", |_: Number| -> () { panic!("no") }));
        couriers.subscribe(Subscriber::closure("fails", |_: Number| Err::<(), _>("full")));
        couriers.subscribe(
            Subscriber::async_closure("hangs", |_: Number| future::pending::<()>())
                .limit(second)
                .queue_bound(2),
        );
        couriers.subscribe(good);

        publish(&couriers, 0..5);
        pass(Duration::from_millis(1)).await;
        assert_eq!(heard(&mut numbers), [0, 1, 2, 3, 4]);
        let hangs = status(&couriers, "hangs");
        assert_eq!((hangs.queued, hangs.dropped), (2, 3));

        assert_eq!(couriers.settle(Duration::from_secs(60)).await, 0);
        let hangs = status(&couriers, "hangs");
        assert_eq!((hangs.queued, hangs.timed_out), (0, 2));
        assert_eq!(hangs.last_error.as_deref(), Some("timed out after 1s"));
        let panics = status(&couriers, "panics");
        assert_eq!((panics.delivered, panics.failed), (0, 5));
        assert_eq!(panics.last_error.as_deref(), Some("panicked: no"));
        assert_eq!(status(&couriers, "fails").last_error.as_deref(), Some("full"));
        assert_eq!(status(&couriers, "good").delivered, 5);
    });
}

#[test]
fn what_is_left_when_waiting_ends_is_counted() {
    paused(async {
        let couriers = Couriers::new(Workshop::here());
        couriers.subscribe(Subscriber::async_closure("hangs", |_| future::pending::<()>()));
        publish(&couriers, 0..7);
        assert_eq!(couriers.settle(Duration::from_secs(1)).await, 7);
    });
}

struct Listener(Vec<u32>);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Number> for Listener {
    type Result = ();

    fn handle(&mut self, Number(number): Number, ctx: &mut Context<Self>) {
        self.0.push(number);
        if number == 3 {
            ctx.stop();
        }
    }
}

#[test]
fn a_plain_recipient_is_told_until_its_actor_stops() {
    paused(async {
        let couriers = Couriers::new(Workshop::here());
        let actor = Listener(Vec::new()).start();
        couriers.subscribe(Subscriber::recipient("actor", actor.recipient()));
        publish(&couriers, 0..3);
        couriers.settle(Duration::from_secs(1)).await;
        assert_eq!(status(&couriers, "actor").delivered, 3);
        publish(&couriers, 3..5);
        couriers.settle(Duration::from_secs(1)).await;
        assert!(couriers.statuses().is_empty(), "a stopped actor is no subscriber");
    });
}

#[test]
fn who_unsubscribes_gets_what_was_queued_and_no_more() {
    paused(async {
        let couriers = Couriers::new(Workshop::here());
        let (good, mut numbers) = listener("good");
        let id = couriers.subscribe(good);
        publish(&couriers, 0..2);
        assert!(couriers.unsubscribe(id));
        assert!(!couriers.unsubscribe(id));
        publish(&couriers, 2..4);
        pass(Duration::from_millis(1)).await;
        assert_eq!(heard(&mut numbers), [0, 1]);
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "blocking a thread is what is tested")]
fn a_closure_that_blocks_its_thread_takes_one_thread_and_delays_nobody() {
    threaded(async {
        let (workshop, runtime) = Workshop::start().unwrap();
        let couriers = Couriers::new(workshop.clone());
        let (good, mut numbers) = listener("good");
        let blocks = |_: Number| std::thread::sleep(Duration::from_secs(2));
        couriers.subscribe(Subscriber::closure("blocks", blocks).limit(Duration::from_millis(20)));
        couriers.subscribe(good);
        publish(&couriers, 0..5);
        let first = numbers.recv().await;
        assert_eq!(first, Some(0));
        for number in 1..5 {
            assert_eq!(numbers.recv().await, Some(number));
        }
        assert_eq!(status(&couriers, "blocks").delivered, 0);
        assert!(workshop.running() <= 2, "{} threads", workshop.running());
        runtime.shutdown_background();
    });
}
