package org.secondsite.openflow.io;

import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.ovsdb.DatabaseSession;

/** One look into a switch's database, for an operator; the caller's thread waits. */
public final class DatabaseLook {
    private static final long TICK_MS = 100;
    private static final long CLOSE_WITHIN_MS = 1000;

    private DatabaseLook() {}

    /**
     * Looks.
     *
     * @param tls who asks, and whose word it takes; empty: in plain text only
     * @param timeoutMs for all of it
     * @return what the database says; empty: it has no bridge of this datapath id
     * @throws IOException if it cannot be asked
     */
    public static Optional<Bridge> at(DatabaseAccess access, Optional<TlsFiles> tls, long datapathId, int timeoutMs)
            throws IOException {
        SwitchTls identity = SwitchTls.of(tls);
        Life life = Life.unwatched("openflow-look");
        CompletableFuture<Optional<Bridge>> seen = new CompletableFuture<>();
        LivingLoop group = new LivingLoop("openflow-look", life, EpollIoHandler.newFactory());
        EventLoop loop = group.next();
        DatabaseLink link = new DatabaseLink(loop, access, identity, new Look(seen, datapathId), life);
        ScheduledFuture<?> _ =
                loop.scheduleWithFixedDelay(() -> link.tick(System.nanoTime()), 0, TICK_MS, TimeUnit.MILLISECONDS);
        try {
            return seen.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + timeoutMs + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            Future<?> _ = group.shutdownGracefully(0, CLOSE_WITHIN_MS, TimeUnit.MILLISECONDS);
        }
    }

    private record Look(CompletableFuture<Optional<Bridge>> seen, long datapathId) implements DatabaseLink.Events {
        @Override
        public void changed(DatabaseSession session) {
            if (session.isKnown()) {
                seen.complete(session.bridge(datapathId));
            }
        }

        @Override
        public void refused(String reason) {
            seen.completeExceptionally(new IOException(reason));
        }

        @Override
        public void lost(String reason) {
            seen.completeExceptionally(new IOException(reason));
        }
    }
}
