//! The server around the routes: workers, connections and their limits.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, Error, HttpServer};
use socket2::SockRef;

use crate::envelope::envelope;
use crate::routes;
use crate::state::{HttpConfig, Services, State};

/// What the kernel may buffer for one reader that has stopped reading. The default lets megabytes pile up.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

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
pub fn serve(listener: TcpListener, services: Services, config: HttpConfig) -> std::io::Result<Server> {
    let workers = config.workers.max(1);
    limit_readers(&listener, config.stalled_reader_timeout)?;
    let state = Data::from(Arc::new(State::new(services, config)));
    let server = HttpServer::new(move || app_of(state.clone()))
        .workers(workers)
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(IDLE_TIMEOUT)
        // A client that closes its side has left: without this, an open stream to it is never noticed.
        .h1_allow_half_closed(false)
        .disable_signals()
        .shutdown_timeout(STOP_TIMEOUT_SECONDS)
        .listen(listener)?
        .run();
    Ok(server)
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
