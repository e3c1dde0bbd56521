package org.secondsite.bgp.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Prefix;

/**
 * Two sessions speak to each other in memory: they come up, a table and single changes go over, and they end. A virtual machine
 * that has just started runs code several times slower the first time, and the first table of a speaker, or the first failover,
 * would find it so.
 */
public final class Rehearsal {
    private static final int AS = 64_512;
    private static final int ROUNDS = 3;
    private static final int ROUTES = 3000;
    private static final int CHANGES = 1500;

    private final Part left = new Part("127.0.0.1", "127.0.0.2", AS, AS + 1);
    private final Part right = new Part("127.0.0.2", "127.0.0.1", AS + 1, AS);

    private Rehearsal() {}

    /** Plays it; returns how many routes arrived, so that nobody leaves it out as idle. */
    public static int play() {
        int arrived = 0;
        for (int round = 0; round < ROUNDS; round++) {
            arrived += new Rehearsal().round(round);
        }
        return arrived;
    }

    /** One of the two speakers. */
    private static final class Part implements SessionSink {
        private final Queue<ByteBuf> wire = new ArrayDeque<>();
        private final InetAddress self;
        private final PeerSession session;
        private boolean connects;
        private int routes;

        Part(String self, String peer, long as, long peerAs) {
            this.self = Prefix.parseAddress(self);
            SpeakerSettings settings =
                    SpeakerSettings.of(as, self, NeighborSettings.of(Prefix.parseAddress(peer), peerAs));
            this.session = new PeerSession(settings, settings.neighbors().getFirst(), new Random(1), this);
        }

        private void write(BgpMessage message, Side side) {
            ByteBuf buffer = Unpooled.buffer();
            MessageEncoder.encode(message, session.traits(side), buffer);
            wire.add(buffer);
        }

        /** Has the other one hear what was written. */
        void deliver(Part other, Side side) {
            for (Optional<AdjRibOut.Outgoing> next = session.nextUpdate(0);
                    next.isPresent();
                    next = session.nextUpdate(0)) {
                write(next.get().message(), session.establishedSide().orElseThrow());
            }
            for (ByteBuf buffer = wire.poll(); buffer != null; buffer = wire.poll()) {
                while (buffer.isReadable()) {
                    other.session.received(side, MessageDecoder.decode(buffer, other.session.traits(side)), 0);
                }
                buffer.release();
            }
        }

        @Override
        public void connect() {
            connects = true;
        }

        @Override
        public void send(Side side, BgpMessage message) {
            write(message, side);
        }

        @Override
        public void close(Side side) {
            wire.forEach(ByteBuf::release);
            wire.clear();
        }

        @Override
        public void established(Side side, Negotiated terms) {}

        @Override
        public void down(Side side, String reason) {}

        @Override
        public void routes(AdjRibIn.Changes changes) {
            routes += changes.announced().size();
        }

        @Override
        public void update(ReceivedUpdate update) {}

        @Override
        public void prefixLimit(AddressFamily family, int count, PrefixLimit limit) {}

        @Override
        public void unexportable(Set<Nlri> routes) {}

        @Override
        public void transition(SessionTransition transition) {}
    }

    private void exchange() {
        left.deliver(right, Side.INCOMING);
        right.deliver(left, Side.OUTGOING);
    }

    private int round(int number) {
        left.session.start(0);
        right.session.start(0);
        if (!left.connects) {
            throw new AssertionError("a session that is started connects");
        }
        left.session.connected(left.self, 0);
        right.session.accepted(right.self, 0);
        exchange();
        exchange();
        Map<Nlri, RouteAttributes> table = HashMap.newHashMap(ROUTES);
        for (int i = 0; i < ROUTES; i++) {
            table.put(route(i), RouteAttributes.PLAIN);
        }
        left.session.desire(RouteTable.of(table));
        exchange();
        RouteAttributes other = RouteAttributes.PLAIN.withMed(number);
        for (int i = 0; i < CHANGES; i++) {
            left.session.announce(Map.of(route(ROUTES - CHANGES / 2 + i), other));
            left.session.withdraw(List.of(route(i / 2)));
        }
        exchange();
        left.session.stop(NotificationMessage.of(BgpError.ADMINISTRATIVE_SHUTDOWN), "the rehearsal is over", 0);
        return right.routes;
    }

    private static Nlri route(int number) {
        Inet4Address host = (Inet4Address) Prefix.parseAddress(
                "198." + (18 + (number >> 16)) + "." + (number >> 8 & 0xff) + "." + (number & 0xff));
        return Nlri.of(Prefix.around(host, 32));
    }
}
