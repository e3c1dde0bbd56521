package org.secondsite.gateway.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.decision.Followed;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.router.Uplinks;
import org.secondsite.testing.NetworkNamespace;

/** Routes of a real kernel, in a namespace with two uplinks and a VM-facing interface. */
@Tag("lab")
@Timeout(120)
class MachineRoutesTest {
    private static final long PATIENCE_SECONDS = 30;
    private static final Uplinks UPLINKS = Uplinks.of(List.of("up0", "up1"));
    private static final Duration LONG = Duration.ofHours(1);

    private final String namespace = System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst") + "-ways-"
            + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 6);
    private final BlockingQueue<String> noted = new LinkedBlockingQueue<>();
    private final Neighbours neighbours = new Neighbours();

    /** Say what the test has them say. */
    private static final class Neighbours implements MachineRoutes.Source {
        private volatile List<Prefix> followed = List.of();
        private volatile Consumer<Followed.Ways> told;

        @Override
        public void follow(List<Prefix> destinations, Consumer<Followed.Ways> listener) {
            told = listener;
            followed = destinations;
        }

        void announce(String destination, String... nextHops) throws Exception {
            await(() -> followed.contains(Prefix.parse(destination)), () -> destination + " is not followed");
            say(destination, nextHops);
        }

        /** Whether it is followed or not. */
        void say(String destination, String... nextHops) {
            told.accept(new Followed.Ways(
                    Prefix.parse(destination),
                    Arrays.stream(nextHops)
                            .map(address -> new Followed.NextHop(InetAddress.ofLiteral(address), 0))
                            .toList()));
        }
    }

    @BeforeEach
    void wire() throws Exception {
        Commands.run("ip netns add " + namespace);
        for (String name : List.of("up0", "up1", "in0")) {
            ip("link add " + name + " type veth peer name far-" + name);
            ip("link set " + name + " up");
            ip("link set far-" + name + " up");
        }
        ip("addr add 10.1.0.2/24 dev up0");
        ip("addr add 10.2.0.2/24 dev up1");
        ip("addr add 203.0.113.1/24 dev in0");
        ip("addr add 2001:db8:1::2/64 dev up0 nodad");
        ip("addr add 2001:db8:71::1/64 dev in0 nodad");
    }

    @AfterEach
    void remove() {
        Commands.succeeds("ip netns del " + namespace);
    }

    private String ip(String arguments) throws Exception {
        return Commands.run("ip -n " + namespace + " " + arguments);
    }

    private MachineRoutes open(Duration grace, String... followed) throws Exception {
        return NetworkNamespace.call(namespace, () -> {
            MachineRoutes routes = new MachineRoutes(neighbours, UPLINKS, noted::add, grace);
            follow(routes, followed);
            return routes;
        });
    }

    private static void follow(MachineRoutes routes, String... followed) {
        routes.follow(Arrays.stream(followed).map(IpPrefix::parse).toList());
    }

    /** What is in force, without what the kernel made itself. */
    private List<String> ways(String destination) throws Exception {
        String family = destination.contains(":") ? "-6" : "-4";
        JsonNode shown = new ObjectMapper()
                .readTree(Commands.run("ip -n " + namespace + " -j " + family + " route show exact " + destination)
                        .replaceFirst("^$", "[]"));
        List<String> all = new ArrayList<>();
        for (JsonNode route : shown) {
            for (JsonNode hop : route.has("nexthops") ? route.get("nexthops") : List.of(route)) {
                if (!hop.path("flags").toString().contains("dead")) {
                    all.add(hop.path("gateway").asText() + " " + hop.path("dev").asText());
                }
            }
        }
        return all.stream().sorted().toList();
    }

    private void awaitWays(String destination, String... ways) throws Exception {
        await(
                () -> ways(destination).equals(List.of(ways)),
                () -> destination + " has " + ways(destination) + ", " + noted);
    }

    private static void await(Callable<Boolean> condition, Callable<String> otherwise) throws Exception {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < limit, otherwise.call());
            Thread.sleep(20);
        }
    }

    private static JsonNode told(MachineRoutes routes) {
        ObjectNode status = new ObjectMapper().createObjectNode();
        routes.tell(status);
        return status.path("machineRoutes");
    }

    @Test
    void aNextHopAmongTheVmsIsRefusedCountedAndTold() throws Exception {
        try (MachineRoutes routes = open(LONG, "0.0.0.0/0", "::/0")) {
            neighbours.announce("0.0.0.0/0", "10.1.0.1", "10.2.0.1", "203.0.113.10");
            awaitWays("default", "10.1.0.1 up0", "10.2.0.1 up1");
            neighbours.announce("::/0", "2001:db8:71::10");
            await(() -> routes.refusals() == 2, () -> routes.refusals() + " refused");
            await(
                    () -> told(routes)
                            .toString()
                            .contains("next hop 203.0.113.10 is refused: it is at in0, which is no uplink"),
                    () -> told(routes).toString());
            assertEquals(List.of(), ways("::/0"));
            // A VM's, this machine's own, and one that nobody here is beside.
            neighbours.announce("0.0.0.0/0", "203.0.113.10", "10.1.0.2", "192.0.2.1");
            awaitWays("default");
            await(() -> routes.refusals() == 4, () -> routes.refusals() + " refused");
            // It is beside this machine from now on.
            ip("addr add 192.0.2.2/24 dev up1");
            awaitWays("default", "192.0.2.1 up1");
        }
    }

    @Test
    void anInterfaceThatComesBackHasItsWayAgain() throws Exception {
        try (MachineRoutes _ = open(LONG, "0.0.0.0/0")) {
            neighbours.announce("0.0.0.0/0", "10.1.0.1", "10.2.0.1");
            awaitWays("default", "10.1.0.1 up0", "10.2.0.1 up1");
            ip("link set up1 down");
            awaitWays("default", "10.1.0.1 up0");
            ip("link set up1 up");
            awaitWays("default", "10.1.0.1 up0", "10.2.0.1 up1");
        }
    }

    @Test
    void aListThatShrinksWhileItRunsLeavesNothingAndOneThatGrowsTakesNothing() throws Exception {
        try (MachineRoutes routes = open(LONG, "0.0.0.0/0", "198.51.100.0/24", "::/0")) {
            neighbours.announce("0.0.0.0/0", "10.1.0.1");
            neighbours.announce("198.51.100.0/24", "10.2.0.1");
            neighbours.announce("::/0", "2001:db8:1::1");
            awaitWays("default", "10.1.0.1 up0");
            awaitWays("198.51.100.0/24", "10.2.0.1 up1");
            awaitWays("::/0", "2001:db8:1::1 up0");
            ip("route add 198.51.100.0/24 via 10.2.0.9 metric 100");

            follow(routes, "0.0.0.0/0");
            awaitWays("198.51.100.0/24", "10.2.0.9 up1");
            awaitWays("::/0");
            await(() -> told(routes).size() == 1, () -> told(routes).toString());
            neighbours.say("198.51.100.0/24", "10.2.0.1");
            follow(routes, "0.0.0.0/0", "198.51.100.0/24");
            neighbours.announce("198.51.100.0/24", "10.2.0.1");
            awaitWays("198.51.100.0/24", "10.2.0.1 up1", "10.2.0.9 up1");
            awaitWays("default", "10.1.0.1 up0");
        }
    }

    @Test
    void whatAFormerLifeHasLeftStaysForAWhileIfItIsFollowedStillAndLeadsByUplinks() throws Exception {
        try (MachineRoutes _ = open(LONG, "0.0.0.0/0", "198.51.100.0/24", "::/0")) {
            neighbours.announce("0.0.0.0/0", "10.1.0.1", "10.2.0.1");
            neighbours.announce("198.51.100.0/24", "10.2.0.1");
            neighbours.announce("::/0", "2001:db8:1::1");
            awaitWays("198.51.100.0/24", "10.2.0.1 up1");
            awaitWays("::/0", "2001:db8:1::1 up0");
        }
        awaitWays("default", "10.1.0.1 up0", "10.2.0.1 up1");
        ip("route add 192.0.2.0/24 via 10.1.0.1 proto bgp metric 20");
        ip("route replace default proto 83 metric 20 nexthop via 10.1.0.1 dev up0 nexthop via 203.0.113.10 dev in0");

        try (MachineRoutes routes = open(LONG, "0.0.0.0/0", "::/0")) {
            awaitWays("default", "10.1.0.1 up0");
            awaitWays("198.51.100.0/24");
            awaitWays("::/0", "2001:db8:1::1 up0");
            assertEquals(List.of("10.1.0.1 up0"), ways("192.0.2.0/24"), "another daemon's is not touched");
            await(() -> told(routes).toString().contains("10.1.0.1"), () -> told(routes)
                    .toString());
        }
        try (MachineRoutes _ = open(Duration.ZERO, "0.0.0.0/0", "::/0")) {
            awaitWays("default");
            awaitWays("::/0");
        }
    }

    /** FRR on the same machine: neither takes the other's place. */
    @Test
    void anotherDaemonsRouteOfTheSameMetricKeepsItsPlace() throws Exception {
        ip("route add default via 10.1.0.9 proto bgp metric 20");
        try (MachineRoutes routes = open(LONG, "0.0.0.0/0")) {
            neighbours.announce("0.0.0.0/0", "10.2.0.1");
            await(
                    () -> told(routes).toString().contains("this machine prefers one of protocol 'bgp', metric 20"),
                    () -> told(routes).toString());
            assertEquals(List.of("10.1.0.9 up0"), ways("default"));
            ip("route del default proto bgp metric 20");
            awaitWays("default", "10.2.0.1 up1");
        }
    }

    /** Says much in a short time: the last word counts. */
    @Test
    void neighboursThatChangeTheirMindsAreFollowedToTheEnd() throws Exception {
        try (MachineRoutes _ = open(LONG, "0.0.0.0/0")) {
            for (int i = 0; i < 20; i++) {
                neighbours.announce("0.0.0.0/0", i % 2 == 0 ? "10.1.0.1" : "10.2.0.1");
            }
            neighbours.announce("0.0.0.0/0", "10.2.0.9");
            awaitWays("default", "10.2.0.9 up1");
        }
    }
}
