package org.secondsite.metrics;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Where the figures are shown, which can move. Not thread-safe: whoever changes the configuration owns it. */
public final class MetricsPort implements AutoCloseable {
    private final MetricsServer.Source source;
    private Optional<InetSocketAddress> listen = Optional.empty();
    private Optional<MetricsServer> server = Optional.empty();

    /** Shows nothing yet. */
    public MetricsPort(MetricsServer.Source source) {
        this.source = source;
    }

    /**
     * Shows them there, and then no longer where they were.
     *
     * @param to empty: nowhere
     * @throws IOException if the address cannot be had; they are shown where they were then
     */
    public void move(Optional<InetSocketAddress> to) throws IOException {
        if (to.equals(listen)) {
            return;
        }
        if (to.isPresent() && overlaps(to.get())) {
            // One port cannot be listened on at any address and at one.
            close();
            try {
                server = Optional.of(MetricsServer.open(to.get(), source));
            } catch (IOException e) {
                server = Optional.of(MetricsServer.open(listen.orElseThrow(), source));
                throw e;
            }
        } else {
            Optional<MetricsServer> before = server;
            server = to.isPresent() ? Optional.of(MetricsServer.open(to.get(), source)) : Optional.empty();
            before.ifPresent(MetricsServer::close);
        }
        listen = to;
    }

    private boolean overlaps(InetSocketAddress to) {
        return listen.isPresent()
                && listen.get().getPort() == to.getPort()
                && (listen.get().getAddress().isAnyLocalAddress()
                        || to.getAddress().isAnyLocalAddress());
    }

    @Override
    public void close() {
        server.ifPresent(MetricsServer::close);
    }
}
