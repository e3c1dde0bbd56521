package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.decision.Candidate;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.decision.PolicyRule;
import org.secondsite.bgp.decision.RouteChange;
import org.secondsite.bgp.decision.RouteMatch;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.Prefix;

/** Routes of two real upstreams go through a speaker of ours to a customer, as policies and the decision say. */
@Tag("lab")
@Timeout(240)
class TransitLabTest {
    private static final Prefix BOTH = Prefix.parse("198.51.100.0/24");
    private static final Prefix OURS = Prefix.parse("203.0.113.0/24");
    private static final InetAddress SECOND = Prefix.parseAddress("10.7.0.4");
    private static final InetAddress CUSTOMER = Prefix.parseAddress("10.7.0.3");
    private static final long SECOND_AS = 65004;
    private static final long CUSTOMER_AS = 65003;

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc");
        for (InetAddress more : List.of(SECOND, CUSTOMER)) {
            lab.query("ip", "addr", "add", more.getHostAddress() + "/24", "dev", "eth0");
        }
        String routes = """
                protocol static { ipv4;
                  route 198.51.100.0/24 blackhole { bgp_community.add((65001,7)); bgp_large_community.add((65001,8,9)); bgp_med = 30; };
                  route 192.0.2.0/24 blackhole { bgp_community.add((65535,65281)); }; }
                """;
        bird(PeerLab.PEER, PeerLab.PEER_AS, routes, "import none; export all;");
        bird(SECOND, SECOND_AS, routes, "import none; export filter { bgp_path.prepend(65009); accept; };");
        bird(CUSTOMER, CUSTOMER_AS, "", "import all; export none;");
    }

    /** One for each router: a BIRD tells its neighbours apart by their addresses, and here all of them are us. */
    private void bird(InetAddress address, long as, String routes, String filters) throws Exception {
        String name = "bird-" + as;
        lab.file(name + ".conf", """
                log "%1$s.log" all;
                router id %2$s;
                protocol device {}
                %3$s
                protocol bgp edge {
                  local %2$s as %4$d; neighbor 10.7.0.1 as 65100; passive on; strict bind on;
                  hold time 9; error wait time 1, 2;
                  ipv4 { %5$s };
                }
                """.formatted(name, address.getHostAddress(), routes, as, filters));
        Process bird = lab.start(name, List.of("bird", "-f", "-c", name + ".conf", "-s", name + ".ctl"), Map.of());
        lab.awaitFile(bird, name + ".ctl");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private String birdc(long as, String command) throws Exception {
        return lab.query(
                "birdc", "-s", lab.directory.resolve("bird-" + as + ".ctl").toString(), command);
    }

    private String awaitAtCustomer(Prefix prefix, String path) throws Exception {
        return lab.await(
                prefix + " by " + path,
                30,
                () -> birdc(CUSTOMER_AS, "show route all for " + prefix),
                text -> text.lines().anyMatch(line -> line.strip().equals("BGP.as_path: " + path)));
    }

    private static NeighborSettings neighbor(InetAddress address, long as, Policies policies) {
        return NeighborSettings.of(address, as)
                .withLocalAddress(PeerLab.SELF)
                .withOptions(NeighborOptions.DEFAULT.withPolicies(policies));
    }

    @Test
    void theBestRouteIsPassedOnAndTheNextBestWhenItIsGone() throws Exception {
        Policies taken = Policies.NONE.withImports(Policy.EVERYTHING);
        Policies told = Policies.NONE.withExports(Policy.EVERYTHING);
        try (BgpSpeaker speaker = lab.speaker(n -> n.withOptions(n.options().withPolicies(taken)))) {
            speaker.advertise(Map.of(OURS, RouteAttributes.PLAIN));
            speaker.change(speaker.settings()
                            .withNeighbor(neighbor(SECOND, SECOND_AS, taken))
                            .withNeighbor(neighbor(CUSTOMER, CUSTOMER_AS, told)))
                    .get();
            String text = awaitAtCustomer(BOTH, "65100 65001");
            for (String line : List.of(
                    "BGP.origin: IGP",
                    "BGP.next_hop: 10.7.0.1",
                    "BGP.community: (65001,7)",
                    "BGP.large_community: (65001, 8, 9)")) {
                assertTrue(text.contains(line), line + " in\n" + text);
            }
            assertTrue(!text.contains("BGP.med"), text);
            awaitAtCustomer(OURS, "65100");
            lab.await(
                    "both upstreams",
                    30,
                    () -> speaker.candidates(BOTH).get().toString(),
                    all -> all.contains("65004"));
            List<Candidate> ranked = speaker.candidates(BOTH).get();
            assertEquals(
                    List.of(PeerLab.PEER, SECOND),
                    ranked.stream().map(one -> one.source().peer()).toList());
            assertTrue(!birdc(CUSTOMER_AS, "show route").contains("192.0.2.0/24"), "NO_EXPORT");

            // Another policy, while all sessions stand: the longer path is preferred.
            Policies preferred = Policies.NONE.withImports(
                    Policy.of(PolicyRule.accept(RouteMatch.ANY, RouteChange.NONE.withLocalPreference(200))));
            speaker.change(speaker.settings().withNeighbor(neighbor(SECOND, SECOND_AS, preferred)))
                    .get();
            awaitAtCustomer(BOTH, "65100 65004 65009");
            assertEquals(
                    Optional.of(200L),
                    speaker.candidates(BOTH).get().stream().findFirst().map(Candidate::localPreference));

            birdc(SECOND_AS, "disable edge");
            awaitAtCustomer(BOTH, "65100 65001");
            birdc(PeerLab.PEER_AS, "disable edge");
            lab.await(
                    "nothing left",
                    30,
                    () -> birdc(CUSTOMER_AS, "show route"),
                    all -> !all.contains(BOTH.toString()) && all.contains(OURS.toString()));
            assertEquals(List.of(), speaker.bestRoutes().get());
        }
    }
}
