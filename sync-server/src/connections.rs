//! Connections: taken up to a limit, each with little time to say what it wants, and let go in good order at the end.
//!
//! **Invariant:** no client holds a connection without either asking something in time or waiting for an answer; once the server
//! is asked to stop, what has begun is finished within [`Limits::farewell`], and nothing that has not begun is carried out.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::config::MOST_CONNECTIONS;
use crate::metrics::Counted;
use crate::state::AppState;

/// For a request's head to arrive, and for an idle connection to ask again: long for the slowest line, and a client that sends
/// a byte now and then is rid of within it.
const HEAD: Duration = Duration::from_secs(30);
/// For a body to arrive: 256 KiB take 13 s at the 20 kB/s of a poor mobile line.
const BODY: Duration = Duration::from_secs(20);
/// For a request from its head to its answer: above the longest long-poll (25 s) and a body together.
const REQUEST: Duration = Duration::from_mins(1);
/// For requests that have begun when the server is asked to stop: below the 90 s after which systemd kills, and the 10 s of
/// container hosts with room for the store to close.
const FAREWELL: Duration = Duration::from_secs(8);
/// Between two tries when the system has no connection to give (out of files, out of memory).
const BREATH: Duration = Duration::from_millis(500);

/// How much of the server one client, and all together, may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; more of them wait to be accepted.
    pub connections: usize,
    /// For a request's head to arrive, also on a connection that has been idle.
    pub head: Duration,
    /// For a request's body to arrive.
    pub body: Duration,
    /// For a request from its head to its answer.
    pub request: Duration,
    /// For requests that have begun when the server is asked to stop.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: MOST_CONNECTIONS, head: HEAD, body: BODY, request: REQUEST, farewell: FAREWELL }
    }
}

/// Answers until the server is asked to stop and what has begun is done.
pub(crate) async fn answer(listener: TcpListener, app: Router, state: &AppState) {
    let doors = Doors { room: Arc::new(Semaphore::new(state.limits.connections)), listener, app, state: state.clone() };
    let mut open = JoinSet::new();
    let mut stopped = pin!(state.stopped());
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = open.join_next() => {}
            (stream, from, room) = doors.knock() => {
                open.spawn(doors.talk(stream, from, room, true));
            }
        }
    }
    if timeout(state.limits.farewell, doors.farewell(&mut open)).await.is_err() {
        tracing::warn!(connections = open.len(), "requests were given up at the end");
    }
    open.shutdown().await;
}

struct Doors {
    listener: TcpListener,
    room: Arc<Semaphore>,
    app: Router,
    state: AppState,
}

impl Doors {
    /// The next connection there is room for.
    async fn knock(&self) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
        // Nobody closes the semaphore.
        let room = self.room.clone().acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => return (stream, from, room),
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    sleep(BREATH).await;
                }
            }
        }
    }

    /// Waits for every connection with a request. Whoever comes now is told that the server is stopping, and is not waited for.
    async fn farewell(&self, open: &mut JoinSet<()>) {
        let mut late = JoinSet::new();
        while !open.is_empty() {
            tokio::select! {
                _ = open.join_next() => {}
                Some(_) = late.join_next() => {}
                (stream, from, room) = self.knock() => { late.spawn(self.talk(stream, from, room, false)); }
            }
        }
    }

    /// One connection to its end. One that is not to `last` answers a single request.
    fn talk(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        room: Option<OwnedSemaphorePermit>,
        last: bool,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (app, state) = (self.app.clone(), self.state.clone());
        let held: (Option<OwnedSemaphorePermit>, Counted) = (room, state.metrics.connected());
        async move {
            let _held = held;
            // Answers are short: none waits for another to fill a packet with.
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |mut request: hyper::Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(from));
                app.clone().oneshot(request)
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(state.limits.head).keep_alive(last);
            let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = state.stopped(), if last => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
        }
    }
}

/// Errors of a connection that was gone before it was accepted (accept(2)).
fn is_the_clients(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
