//! The server around the routes: workers, connections and their limits.

use std::future::ready;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, Error};
use socket2::SockRef;

use crate::connections::{self, Connections, Socket};
use crate::envelope::envelope;
use crate::routes;
use crate::state::{HttpConfig, Services, State};

/// What the kernel may buffer for one reader that has stopped reading. The default lets megabytes pile up.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How long a client may take for the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to read the rest of an answer that ends its connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Longer than the 60 seconds for which common proxies keep idle connections, so that a proxy never sends a
/// request into a connection that we are just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the workers wait for open connections once they are told to stop. Whoever stops the server has
/// let the turns end before, so what is still open then is not worth waiting for.
const STOP_TIMEOUT_SECONDS: u64 = 1;

/// The whole application for one worker, as the server and in-process tests use it.
pub fn app(
    services: Services,
    config: HttpConfig,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    app_of(Data::from(Arc::new(State::new(services, config))))
}

fn app_of(
    state: Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new().app_data(state).configure(routes::configure).wrap(from_fn(envelope))
}

/// Bounds what a reader that has stopped reading holds, and for how long. The framework has no limit of its own: it
/// just stops asking for more to write. Accepted connections inherit both options from the socket that listens.
fn limit_readers(listener: &TcpListener, stalled: Duration) -> std::io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    // The kernel counts from the last time that the window was open (RFC 5482), so a slow reader is not cut off.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(stalled))?;
    #[cfg(not(target_os = "linux"))]
    let _ = stalled;
    Ok(())
}

/// Serves the routes on `listener` until the server's handle stops it. Signals are left to the caller.
///
/// This is what the framework's own `HttpServer` does, with our connections instead of bare sockets: it has no door
/// at which a connection could be turned away, and none that sees what a connection does.
pub fn serve(listener: TcpListener, services: Services, config: HttpConfig) -> std::io::Result<Server> {
    let workers = config.workers.max(1);
    limit_readers(&listener, config.stalled_reader_timeout)?;
    let connections = Arc::new(Connections::new(config.max_connections, config.trusted_proxies > 0));
    let patience = config.unanswered_timeout;
    let state = Data::from(Arc::new(State::new(services, config)));
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.most_per_worker(workers))
        .disable_signals()
        .shutdown_timeout(STOP_TIMEOUT_SECONDS);
    let stopping = server.graceful_shutdown_signal();
    let connection_service = move || {
        let connections = connections.clone();
        fn_service(move |stream| ready(admit(stream, &connections, patience)))
            .and_then(http_service(state.clone(), stopping.clone()))
    };
    Ok(server.listen("http", listener, connection_service)?.run())
}

/// What the framework wants to know of a connection that it is to serve.
type Admitted = (Socket, Protocol, Option<SocketAddr>);

fn admit(
    stream: TcpStream,
    connections: &Arc<Connections>,
    patience: Duration,
) -> Result<Admitted, DispatchError> {
    // Who has no address any more has left.
    let peer = stream.peer_addr().map_err(DispatchError::Io)?;
    let Some(place) = connections.enter(peer.ip()) else {
        connections::turn_away(&stream);
        return Err(DispatchError::Io(ErrorKind::ConnectionRefused.into()));
    };
    Ok((Socket::new(stream, place, patience), Protocol::Http1, Some(peer)))
}

/// HTTP/1.1 on one of our connections.
fn http_service(
    state: Data<State>,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<Admitted, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    let app = app_of(state).into_factory().map_err(|error: Error| error.error_response());
    HttpService::build()
        // Idle connections are closed at once when the server is to stop.
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .keep_alive(IDLE_TIMEOUT)
        // A client that closes its side has left: without this, an open stream to it is never noticed.
        .h1_allow_half_closed(false)
        .on_connect_ext(connections::introduce)
        .finish(map_config(app, |()| AppConfig::default()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn accepted_connections_have_the_limits_of_the_socket_that_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        limit_readers(&listener, Duration::from_secs(30)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));
        // Linux doubles what it is asked for, to make room for its own bookkeeping (socket(7)).
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * SEND_BUFFER_BYTES);
        drop(client);
    }
}
