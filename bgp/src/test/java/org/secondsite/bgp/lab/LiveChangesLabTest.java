package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;

/** Our settings change while a real BIRD and a real FRR talk to us: by their own clocks their sessions stand. */
@Tag("lab")
@Timeout(240)
class LiveChangesLabTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final InetAddress FRR = Prefix.parseAddress("10.7.0.3");
    private static final int FIRST_OF_CROWD = 11;
    private static final int CROWD = 5;
    private static final int CHANGES = Integer.getInteger("secondsite.changes", 40);
    private static final int PATIENCE_SECONDS = 20;
    private static final Pattern UP = Pattern.compile("(?m)^(\\w+) +BGP +--- +up +(\\S+ \\S+) +Established");
    private static final Pattern FRR_UP = Pattern.compile("\"connectionsEstablished\":1,\"connectionsDropped\":0");

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc", "/usr/lib/frr/bgpd", "/usr/lib/frr/zebra");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private void bird(String protocols) throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                timeformat protocol iso long ms;
                protocol device {}
                template bgp one {
                  strict bind on; hold time 30;
                  connect delay time 1; connect retry time 1; error wait time 1, 1;
                  ipv4 { import all; export none; };
                }
                """ + protocols);
        Files.deleteIfExists(lab.directory.resolve("bird.ctl"));
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    private void frr() throws Exception {
        lab.file("zebra.conf", "hostname zebra\n");
        lab.file("bgpd.conf", """
                hostname bgpd
                router bgp 65003
                 bgp router-id 10.7.0.3
                 no bgp ebgp-requires-policy
                 neighbor 10.7.0.1 remote-as 65100
                 neighbor 10.7.0.1 update-source 10.7.0.3
                 neighbor 10.7.0.1 timers connect 1
                """);
        Files.createDirectories(lab.directory.resolve("vty"));
        lab.giveTo("frr");
        lab.startFrr("zebra");
        lab.startFrr("bgpd", "-A", "127.0.0.1", "-l", "10.7.0.3");
    }

    /** Since when each of BIRD's sessions is up. */
    private Map<String, String> upAtBird() throws Exception {
        Map<String, String> up = new TreeMap<>();
        Matcher matcher = UP.matcher(birdc("show protocols"));
        while (matcher.find()) {
            up.put(matcher.group(1), matcher.group(2));
        }
        return up;
    }

    /** Whether FRR has had one session to us, which stands. */
    private boolean upAtFrr() throws Exception {
        return FRR_UP.matcher(lab.vtysh("show bgp neighbors json").replaceAll("\\s", ""))
                .find();
    }

    private static NeighborSettings neighbor(String address, long as) {
        return NeighborSettings.of(Prefix.parseAddress(address), as)
                .withLocalAddress(PeerLab.SELF)
                .withPassive(true)
                .withHoldTimeSeconds(30)
                .withOptions(NeighborOptions.DEFAULT.withFamilies(List.of(AddressFamily.IPV4_UNICAST)));
    }

    private static SpeakerChanges change(BgpSpeaker speaker, Map<InetAddress, NeighborSettings> neighbors)
            throws Exception {
        return speaker.change(speaker.settings().withNeighbors(List.copyOf(neighbors.values())))
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** BIRD notices the end of a session a moment later, and then waits for a second before the next. */
    private void awaitEnded(SpeakerChanges changes, Map<String, String> seen) throws Exception {
        for (InetAddress peer : changes.ended()) {
            String name = "crowd" + (peer.getAddress()[3] & 0xff);
            String still = seen.get(name);
            if (still != null) {
                lab.await(
                        "BIRD to notice the end of " + name,
                        PATIENCE_SECONDS,
                        () -> String.valueOf(upAtBird().get(name)),
                        up -> !BirdSession.isOne(still, up));
            }
        }
    }

    @Test
    void randomChangesOfNeighboursLeaveEverybodyElsesSessionsUp() throws Exception {
        StringBuilder protocols = new StringBuilder(
                "protocol bgp steady from one { local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; }\n");
        Map<InetAddress, NeighborSettings> crowd = new HashMap<>();
        for (int i = FIRST_OF_CROWD; i < FIRST_OF_CROWD + CROWD; i++) {
            lab.query("ip", "addr", "add", "10.7.0." + i + "/24", "dev", "eth0");
            // BIRD has one session at a time to an address.
            String ours = "10.7.0." + (100 + i);
            lab.startOurs("ip", List.of("ip", "addr", "add", ours + "/24", "dev", "eth0"))
                    .waitFor();
            protocols
                    .append("protocol bgp crowd" + i + " from one { ")
                    .append("local 10.7.0." + i + " as " + (65000 + i) + "; neighbor " + ours + " as 65100; }\n");
        }
        lab.query("ip", "addr", "add", "10.7.0.3/24", "dev", "eth0");
        bird(protocols.toString());
        frr();
        Map<InetAddress, NeighborSettings> steady =
                Map.of(PeerLab.PEER, neighbor("10.7.0.2", 65001), FRR, neighbor("10.7.0.3", 65003));
        long seed = 16;
        Random random = new Random(seed);
        List<String> done = new ArrayList<>();
        try (BgpSpeaker speaker = lab.speaker(_ -> neighbor("10.7.0.2", 65001))) {
            change(speaker, steady);
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            lab.await(
                    "BIRD", PATIENCE_SECONDS, () -> String.join(" ", upAtBird().keySet()), t -> t.contains("steady"));
            lab.await("FRR", PATIENCE_SECONDS, () -> String.valueOf(upAtFrr()), "true"::equals);
            String bird = upAtBird().get("steady");
            int resets = 0;
            for (int i = 0; i < CHANGES; i++) {
                Map<String, String> before = upAtBird();
                String what = changeOne(random, crowd);
                Map<InetAddress, NeighborSettings> all = new HashMap<>(steady);
                all.putAll(crowd);
                SpeakerChanges changes = change(speaker, all);
                done.add(what + " " + changes.ended());
                resets += changes.ended().size();
                Map<String, String> after = upAtBird();
                for (Map.Entry<String, String> session : before.entrySet()) {
                    boolean ended = changes.ended().stream()
                            .anyMatch(peer -> session.getKey().equals("crowd" + (peer.getAddress()[3] & 0xff)));
                    if (!ended) {
                        assertTrue(
                                BirdSession.isOne(session.getValue(), after.getOrDefault(session.getKey(), "")),
                                () -> session + " was up, and now " + after + "\n" + done);
                    }
                }
                awaitEnded(changes, after);
            }
            assertTrue(
                    BirdSession.isOne(bird, upAtBird().getOrDefault("steady", "")), () -> "seed " + seed + "\n" + done);
            assertTrue(upAtFrr(), "FRR lost its session; seed " + seed + "\n" + done);
            assertTrue(resets > CHANGES / 10 && resets < CHANGES, resets + " resets");
            awaitUp(crowd.keySet());
            System.out.println(CHANGES + " changes of neighbours, of which " + resets
                    + " ended a session; BIRD is up since " + bird + ", and FRR has had one session");
        }
    }

    private void awaitUp(Set<InetAddress> peers) throws Exception {
        for (InetAddress peer : peers) {
            String name = "crowd" + (peer.getAddress()[3] & 0xff);
            lab.await(
                    name + " is up in the end",
                    PATIENCE_SECONDS,
                    () -> String.join(" ", upAtBird().keySet()),
                    text -> text.contains(name));
        }
    }

    private static String changeOne(Random random, Map<InetAddress, NeighborSettings> crowd) {
        int number = FIRST_OF_CROWD + random.nextInt(CROWD);
        InetAddress peer = Prefix.parseAddress("10.7.0." + number);
        NeighborSettings plain = neighbor("10.7.0." + number, 65000 + number);
        NeighborSettings now = crowd.get(peer);
        if (now == null) {
            crowd.put(peer, plain);
            return "add " + number;
        }
        NeighborOptions options = now.options();
        int which = random.nextInt(9);
        NeighborSettings changed =
                switch (which) {
                    case 0 -> now.withHoldTimeSeconds(20 + random.nextInt(20));
                    case 1 -> now.withPort(179 + random.nextInt(2));
                    case 2 ->
                        now.withOptions(options.withTimers(
                                new FsmTimers(1000, 1000, 30_000, 10_000, 240, 480 + random.nextInt(9))));
                    case 3 ->
                        now.withOptions(options.withPrefixLimits(Map.of(
                                AddressFamily.IPV4_UNICAST,
                                new PrefixLimit(1 + random.nextInt(100), PrefixLimit.Action.DOWN))));
                    case 4 -> now.withOptions(options.withOtherSelf(PeerLab.SELF6));
                    case 5 -> now.withOptions(options.withBfd(BfdSettings.FAST));
                    case 6 ->
                        now.withOptions(NeighborOptions.DEFAULT.withFamilies(
                                options.offer().families()));
                    case 7 -> now.withOptions(options.withPolicies(new Policies(Policy.EVERYTHING, Policy.EVERYTHING)));
                    default -> null;
                };
        if (changed == null) {
            crowd.remove(peer);
            return "remove " + number;
        }
        crowd.put(peer, changed);
        return "alter " + number + " by " + which;
    }

    @Test
    void neighboursOfARangeComeWithTheKeyOfTheRange() throws Exception {
        lab.query("ip", "addr", "add", "10.7.0.11/24", "dev", "eth0");
        lab.startOurs("ip", List.of("ip", "addr", "add", "10.7.0.111/24", "dev", "eth0"))
                .waitFor();
        bird("""
                protocol bgp right from one { local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; password "range"; }
                protocol bgp wrong from one { local 10.7.0.11 as 65001; neighbor 10.7.0.111 as 65100; password "guess"; }
                """);
        NeighborSettings template = neighbor("10.7.0.0", 65001).withMd5Password("range");
        NeighborRange range =
                NeighborRange.of(Prefix.parse("10.7.0.0/28"), 65001, 10).withTemplate(template);
        try (BgpSpeaker speaker = lab.speaker(n -> n.withAddress(Prefix.parseAddress("10.7.0.99")))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            speaker.change(speaker.settings().withRanges(List.of(range))).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            lab.await(
                    "the route",
                    PATIENCE_SECONDS,
                    () -> birdc("show route protocol right"),
                    text -> text.contains("203.0.113.0/24"));
            assertEquals(List.of("right"), List.copyOf(upAtBird().keySet()));
            assertTrue(birdc("show protocols")
                    .lines()
                    .anyMatch(line -> line.startsWith("wrong") && !line.contains("Established")));
        }
    }
}
