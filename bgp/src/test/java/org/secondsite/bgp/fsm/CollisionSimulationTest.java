package org.secondsite.bgp.fsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Prefix;

/**
 * Two machines that connect to each other over a network with random delays: whatever the order of events, they end up in
 * one session that both agree on, also after connections were broken.
 */
class CollisionSimulationTest {
    private static final int SCHEDULES = 2000;

    @Test
    void alwaysOneSessionThatBothAgreeOn() {
        for (long seed = 1; seed <= SCHEDULES; seed++) {
            Simulation simulation = new Simulation(new Random(seed));
            try {
                simulation.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + "\n" + String.join("\n", simulation.trace), e);
            }
        }
    }

    private record Scheduled(long atNanos, long order, Runnable what) implements Comparable<Scheduled> {
        @Override
        public int compareTo(Scheduled other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    /** One TCP connection: in order, with delay; closing is seen by the other end after what was sent. */
    private static final class Connection {
        final Map<Node, Side> sides = new HashMap<>();
        final Map<Node, Long> lastArrivalNanos = new HashMap<>();
        final Map<Node, Boolean> closed = new HashMap<>();
    }

    private static final class Node {
        final PeerFsm fsm;
        final Map<Side, Connection> connections = new EnumMap<>(Side.class);
        Optional<Connection> session = Optional.empty();

        Node(PeerFsm fsm) {
            this.fsm = fsm;
        }
    }

    private static final class Simulation {
        private final Random random;
        private final PriorityQueue<Scheduled> queue = new PriorityQueue<>();
        private final List<Node> nodes = new ArrayList<>();
        private final List<String> trace = new ArrayList<>();
        private final long maximumDelayNanos;
        private long now;
        private long order;

        Simulation(Random random) {
            this.random = random;
            this.maximumDelayNanos = TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(200));
            boolean firstIsHigher = random.nextBoolean();
            nodes.add(node(65001, 65002, firstIsHigher ? "10.0.0.9" : "10.0.0.1"));
            nodes.add(node(65002, 65001, firstIsHigher ? "10.0.0.1" : "10.0.0.9"));
        }

        private Node node(long as, long remoteAs, String id) {
            FsmSettings settings = new FsmSettings(
                    as,
                    (Inet4Address) Prefix.parseAddress(id),
                    remoteAs,
                    90,
                    false,
                    Offer.of(AddressFamily.IPV4_UNICAST),
                    FsmTimers.DEFAULT);
            return new Node(new PeerFsm(settings, random));
        }

        private Node other(Node node) {
            return nodes.get(nodes.get(0) == node ? 1 : 0);
        }

        void run() {
            for (Node node : nodes) {
                at(random.nextInt(1_500_000_000), () -> carryOut(node, node.fsm.start(now)));
            }
            settle(60);
            check();
            for (int i = 0; i < 2; i++) {
                Node victim = nodes.get(random.nextInt(2));
                Connection connection = victim.session.orElseThrow();
                breakBothEnds(connection);
                settle(120);
                check();
            }
        }

        private void check() {
            Node first = nodes.get(0);
            Node second = nodes.get(1);
            assertTrue(first.session.isPresent() && second.session.isPresent(), "no session");
            assertEquals(first.session, second.session);
        }

        private void settle(int seconds) {
            long end = now + TimeUnit.SECONDS.toNanos(seconds);
            while (true) {
                long next = queue.isEmpty() ? Long.MAX_VALUE : queue.peek().atNanos();
                Optional<Node> due = Optional.empty();
                for (Node node : nodes) {
                    long timer = node.fsm.untilNextNanos(now).orElse(Long.MAX_VALUE / 2) + now;
                    if (timer < next) {
                        next = timer;
                        due = Optional.of(node);
                    }
                }
                if (next > end) {
                    now = end;
                    return;
                }
                now = next;
                if (due.isPresent()) {
                    carryOut(due.get(), due.get().fsm.tick(now));
                } else {
                    queue.remove().what().run();
                }
            }
        }

        private void at(long delayNanos, Runnable what) {
            queue.add(new Scheduled(now + delayNanos, order++, what));
        }

        private long delay() {
            return 1 + (long) (random.nextDouble() * maximumDelayNanos);
        }

        private void carryOut(Node node, List<Action> actions) {
            for (Action action : actions) {
                trace.add(now / 1000 + " us, node " + nodes.indexOf(node) + ": " + action);
                switch (action) {
                    case Action.Connect() -> connect(node);
                    case Action.Send send -> send(node, node.connections.get(send.side()), send.message());
                    case Action.Close(Side side) -> close(node, side);
                    case Action.Established(Side side, Negotiated _) ->
                        node.session = Optional.of(node.connections.get(side));
                    case Action.Down(Side _, String _) -> node.session = Optional.empty();
                    case Action.Deliver _, Action.Transition _ -> {}
                }
            }
        }

        private void connect(Node node) {
            Connection connection = new Connection();
            connection.sides.put(node, Side.OUTGOING);
            connection.sides.put(other(node), Side.INCOMING);
            node.connections.put(Side.OUTGOING, connection);
            later(other(node), connection, () -> arrive(node, connection));
        }

        private void arrive(Node from, Connection connection) {
            Node to = other(from);
            boolean taken = to.fsm.mayAccept();
            later(
                    from,
                    connection,
                    () -> { // the SYN-ACK, ahead of anything that is sent on the connection
                        if (from.connections.get(Side.OUTGOING) == connection) {
                            if (taken) {
                                carryOut(from, from.fsm.connected(now));
                            } else {
                                from.connections.remove(Side.OUTGOING);
                                carryOut(from, from.fsm.closed(Side.OUTGOING, "refused", now));
                            }
                        }
                    });
            if (taken) {
                carryOut(to, to.fsm.makeWay(now));
                to.connections.put(Side.INCOMING, connection);
                carryOut(to, to.fsm.accepted(now));
            }
        }

        /** In order: nothing arrives before what was sent earlier on the same connection. */
        private void later(Node to, Connection connection, Runnable what) {
            long arrival = Math.max(now + delay(), connection.lastArrivalNanos.getOrDefault(to, 0L) + 1);
            connection.lastArrivalNanos.put(to, arrival);
            at(arrival - now, what);
        }

        private void send(Node from, Connection connection, BgpMessage message) {
            Node to = other(from);
            later(to, connection, () -> deliver(to, connection, new Decoded.Message(message)));
        }

        private void deliver(Node to, Connection connection, Decoded.Message message) {
            Side side = connection.sides.get(to);
            if (to.connections.get(side) == connection && !connection.closed.containsKey(to)) {
                carryOut(to, to.fsm.received(side, message, now));
            }
        }

        private void close(Node node, Side side) {
            Connection connection = node.connections.remove(side);
            if (connection == null) {
                return;
            }
            connection.closed.put(node, true);
            Node to = other(node);
            later(to, connection, () -> {
                Side seen = connection.sides.get(to);
                if (to.connections.get(seen) == connection) {
                    to.connections.remove(seen);
                    carryOut(to, to.fsm.closed(seen, "closed by peer", now));
                }
            });
        }

        private void breakBothEnds(Connection connection) {
            for (Node node : nodes) {
                Side side = connection.sides.get(node);
                if (node.connections.get(side) == connection) {
                    node.connections.remove(side);
                    carryOut(node, node.fsm.closed(side, "broken", now));
                }
            }
        }
    }
}
