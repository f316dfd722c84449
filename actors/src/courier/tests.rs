//! Subscribers of every kind, and what a bad one costs the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, ActorContext as _, Addr, Context, Handler};
use futures_util::future;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Carry, Courier, Event, Subscriber, SubscriberStatus, dispatch};
use crate::supervisor::testing::{pass, paused, supervisor};
use crate::supervisor::{Address, Answer, Component, Keep, Receive, Scope, Settings, Supervisor};

/// A component that posts numbers.
struct Post {
    courier: Courier<u32>,
    keep: Keep<Courier<u32>>,
}

struct Subscribe(Subscriber<u32>);
struct Send(std::ops::Range<u32>);
struct Served;
struct Fail;

crate::request! {
    Subscribe => (), owner Post;
    Send => (), owner Post;
    Served => Vec<SubscriberStatus>, owner Post;
    Fail => (), owner Post;
}

impl Carry<u32> for Post {
    fn courier(&mut self) -> &mut Courier<u32> {
        &mut self.courier
    }

    fn keep_courier(&mut self, scope: &mut Scope<Self>) {
        scope.keep(&self.keep, self.courier.clone());
    }
}

impl Component for Post {
    const NAME: &'static str = "post";

    fn started(&mut self, scope: &mut Scope<Self>) {
        dispatch(self, scope);
    }
}

impl Receive<Subscribe> for Post {
    fn receive(&mut self, Subscribe(subscriber): Subscribe, scope: &mut Scope<Self>) -> Answer<()> {
        self.courier.subscribe(subscriber);
        self.keep_courier(scope);
        Answer::ok(())
    }
}

impl Receive<Send> for Post {
    fn receive(&mut self, Send(numbers): Send, scope: &mut Scope<Self>) -> Answer<()> {
        for number in numbers {
            self.courier.post(number);
        }
        dispatch(self, scope);
        self.keep_courier(scope);
        Answer::ok(())
    }
}

impl Receive<Served> for Post {
    fn receive(&mut self, _: Served, _: &mut Scope<Self>) -> Answer<Vec<SubscriberStatus>> {
        Answer::ok(self.courier.status())
    }
}

impl Receive<Fail> for Post {
    fn receive(&mut self, _: Fail, _: &mut Scope<Self>) -> Answer<()> {
        panic!("on command");
    }
}

fn open() -> (Address<Post>, Addr<Supervisor>) {
    let mut supervisor = supervisor();
    let keep: Keep<Courier<u32>> = Keep::new(Courier::new());
    let post = supervisor.seat(Settings::default(), move || Post {
        courier: Courier::clone(&keep.load()).resumed(),
        keep: keep.clone(),
    });
    (post, supervisor.open())
}

fn listener(name: &str) -> (Subscriber<u32>, UnboundedReceiver<u32>) {
    let (sender, receiver) = unbounded_channel();
    let subscriber = Subscriber::callback(name, move |event: Event<u32>| {
        // A closed channel is what the test ended with.
        let _ = sender.send(*event);
        future::ready(())
    });
    (subscriber, receiver)
}

fn drain(receiver: &mut UnboundedReceiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

async fn served(post: &Address<Post>, name: &str) -> SubscriberStatus {
    let served = post.send(Served).await.unwrap();
    served.into_iter().find(|status| status.name.as_ref() == name).unwrap()
}

#[test]
fn a_bad_subscriber_costs_the_others_nothing() {
    paused(async {
        let (post, _supervisor) = open();
        let (good, mut heard) = listener("good");
        let limit = Duration::from_secs(1);
        let panics = Subscriber::blocking("panics", |_: Event<u32>| -> () { panic!("no") });
        let fails = Subscriber::blocking("fails", |_: Event<u32>| Err::<(), _>("full"));
        let hangs = Subscriber::callback("hangs", |_: Event<u32>| future::pending::<()>());
        for subscriber in [panics, fails, hangs.timeout(limit).queue_max(2), good] {
            post.send(Subscribe(subscriber)).await.unwrap();
        }
        post.send(Send(0..5)).await.unwrap();
        pass(Duration::from_millis(1)).await;
        assert_eq!(drain(&mut heard), [0, 1, 2, 3, 4]);
        let hanging = served(&post, "hangs").await;
        assert_eq!((hanging.queued, hanging.dropped), (2, 3));

        pass(Duration::from_secs(5)).await;
        let hung = served(&post, "hangs").await;
        assert_eq!((hung.queued, hung.failed), (0, 2));
        assert_eq!(hung.last_error.as_deref(), Some("timed out after 1s"));
        let panicked = served(&post, "panics").await;
        assert_eq!((panicked.delivered, panicked.failed), (0, 5));
        assert_eq!(panicked.last_error.as_deref(), Some("panicked: no"));
        assert_eq!(served(&post, "fails").await.last_error.as_deref(), Some("full"));
        assert_eq!(served(&post, "good").await.delivered, 5);
    });
}

#[test]
fn a_restart_loses_neither_subscribers_nor_events() {
    paused(async {
        let (post, _supervisor) = open();
        let begun = Arc::new(AtomicUsize::new(0));
        let (sender, mut heard): (UnboundedSender<u32>, _) = unbounded_channel();
        let counter = Arc::clone(&begun);
        let slow = Subscriber::callback("slow", move |event: Event<u32>| {
            counter.fetch_add(1, Ordering::SeqCst);
            let sender = sender.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sender.send(*event)
            }
        });
        post.send(Subscribe(slow)).await.unwrap();
        post.send(Send(0..3)).await.unwrap();
        pass(Duration::from_millis(500)).await;
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        assert!(post.send(Fail).await.is_err());
        pass(Duration::from_secs(5)).await;
        assert_eq!(drain(&mut heard), [0, 1, 2]);
        assert_eq!(begun.load(Ordering::SeqCst), 4, "the one under way was made again");
        assert!(post.send(Fail).await.is_err());
        pass(Duration::from_secs(5)).await;
        assert_eq!(begun.load(Ordering::SeqCst), 4, "what was delivered is not delivered again");
    });
}

struct Ear(UnboundedSender<u32>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Event<u32>> for Ear {
    type Result = ();

    fn handle(&mut self, event: Event<u32>, ctx: &mut Context<Self>) {
        let _ = self.0.send(*event);
        if *event == 1 {
            ctx.terminate();
        }
    }
}

#[test]
fn an_actor_is_told_until_it_stops() {
    paused(async {
        let (post, _supervisor) = open();
        let (sender, mut heard) = unbounded_channel();
        let ear = Subscriber::recipient("ear", Ear(sender).start().recipient());
        post.send(Subscribe(ear)).await.unwrap();
        post.send(Send(1..4)).await.unwrap();
        pass(Duration::from_millis(1)).await;
        assert_eq!(drain(&mut heard), [1]);
        assert_eq!(post.send(Served).await.unwrap(), [], "its subscription ended with it");
    });
}
