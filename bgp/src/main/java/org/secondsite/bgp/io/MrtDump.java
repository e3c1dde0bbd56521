package org.secondsite.bgp.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.mrt.MrtTable;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.wire.Prefix;

/** Writes what a speaker's neighbours have announced to a file, for {@code bgpdump} and its like. */
public final class MrtDump {
    private static final InetAddress UNKNOWN = Prefix.parseAddress("0.0.0.0");
    private static final int ANSWER_SECONDS = 30;

    private MrtDump() {}

    /**
     * Replaces the file with a table dump (RFC 6396 §4.3) of this moment, or leaves it as it was. Waits for the speaker, and so is
     * not for its thread.
     *
     * @throws IOException if it cannot be written, or the speaker does not answer
     */
    public static void write(Path file, BgpSpeaker speaker) throws IOException, InterruptedException {
        Map<MrtTable.Peer, List<ReceivedRoute>> routes = new LinkedHashMap<>();
        for (SessionStatus status : await(speaker.status())) {
            Optional<NeighborSettings> neighbor = speaker.settings().neighbor(status.peer());
            if (neighbor.isPresent()) {
                MrtTable.Peer peer = new MrtTable.Peer(
                        status.peer(),
                        status.terms().map(Negotiated::peerRouterId).orElse((Inet4Address) UNKNOWN),
                        neighbor.get().remoteAs());
                routes.put(peer, await(speaker.receivedRoutes(status.peer())));
            }
        }
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        ByteBuf buffer = Unpooled.buffer();
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(unfinished))) {
            new MrtTable(routes)
                    .write(
                            speaker.settings().routerId(),
                            "",
                            System.currentTimeMillis(),
                            buffer,
                            octets -> octets.readBytes(out, octets.readableBytes()));
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static <T> T await(CompletableFuture<T> answer) throws IOException, InterruptedException {
        try {
            return answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the speaker does not answer: " + e, e);
        }
    }
}
