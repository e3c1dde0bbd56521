package org.secondsite.bgp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.session.NeighborAspect.Effect;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;

/** What a change of settings takes. */
class SpeakerChangesTest {
    private static final InetAddress PEER = Prefix.parseAddress("10.7.0.2");
    private static final NeighborSettings NEIGHBOR = NeighborSettings.of(PEER, 65001);
    private static final NeighborSettings OTHER = NeighborSettings.of(Prefix.parseAddress("10.7.0.3"), 65002);
    private static final SpeakerSettings SPEAKER = SpeakerSettings.of(65100, "10.7.0.1", NEIGHBOR, OTHER);

    /** A change of each record component, what is told of it, and whether the session ends. */
    private enum Change {
        PORT("port", NeighborAspect.PORT, n -> n.withPort(1179)),
        LOCAL_ADDRESS("localAddress", NeighborAspect.LOCAL_ADDRESS, n -> n.withLocalAddress(address("10.7.0.9"))),
        REMOTE_AS("remoteAs", NeighborAspect.REMOTE_AS, n -> n.withRemoteAs(65009)),
        HOLD_TIME("holdTimeSeconds", NeighborAspect.HOLD_TIME, n -> n.withHoldTimeSeconds(9)),
        PASSIVE("passive", NeighborAspect.PASSIVE, n -> n.withPassive(true)),
        MD5("md5Password", NeighborAspect.MD5_KEY, n -> n.withMd5Password("secret")),
        OFFER("offer", NeighborAspect.OFFER, o(o -> o.withFamilies(List.of(AddressFamily.IPV4_UNICAST)))),
        LOCAL_AS("localAs", NeighborAspect.LOCAL_AS, o(o -> o.withLocalAs(65200))),
        OTHER_SELF("otherSelf", NeighborAspect.OTHER_SELF, o(o -> o.withOtherSelf(address("fd00:7::1")))),
        DEVICE("device", NeighborAspect.DEVICE, o(o -> o.withDevice("eth0"))),
        LIMITS(
                "prefixLimits",
                NeighborAspect.PREFIX_LIMITS,
                o(o -> o.withPrefixLimits(
                        Map.of(AddressFamily.IPV4_UNICAST, new PrefixLimit(9, PrefixLimit.Action.WARN))))),
        TTL("ttlSecurityHops", NeighborAspect.TTL_SECURITY, o(o -> o.withTtlSecurityHops(1))),
        BFD("bfd", NeighborAspect.BFD, o(o -> o.withBfd(BfdSettings.FAST))),
        HOLD_DOWN("holdDown", NeighborAspect.HOLD_DOWN, o(o -> o.withHoldDown(Duration.ofSeconds(30)))),
        POLICIES(
                "policies",
                NeighborAspect.POLICIES,
                o(o -> o.withPolicies(Policies.NONE.withImports(Policy.EVERYTHING)))),
        TIMERS("timers", NeighborAspect.TIMERS, o(o -> o.withTimers(new FsmTimers(500, 500, 500, 500, 9, 9))));

        private final String component;
        private final NeighborAspect aspect;

        @SuppressWarnings("ImmutableEnumChecker") // the functions hold nothing
        private final UnaryOperator<NeighborSettings> change;

        Change(String component, NeighborAspect aspect, UnaryOperator<NeighborSettings> change) {
            this.component = component;
            this.aspect = aspect;
            this.change = change;
        }

        private static UnaryOperator<NeighborSettings> o(UnaryOperator<NeighborOptions> change) {
            return neighbor -> neighbor.withOptions(change.apply(neighbor.options()));
        }

        private static InetAddress address(String text) {
            return Prefix.parseAddress(text);
        }
    }

    private static SpeakerChanges between(SpeakerSettings before, SpeakerSettings after) {
        return SpeakerChanges.between(before, after, Set.of());
    }

    @Test
    void everyComponentOfANeighboursSettingsIsFoundChangedAndNothingElse() {
        for (Change change : Change.values()) {
            SpeakerSettings after = SPEAKER.withNeighbor(change.change.apply(NEIGHBOR));
            for (SpeakerChanges changes : List.of(between(SPEAKER, after), between(after, SPEAKER))) {
                assertEquals(List.of(), changes.added());
                assertEquals(List.of(), changes.removed());
                SpeakerChanges.Alteration only = changes.altered().getFirst();
                assertEquals(1, changes.altered().size());
                assertEquals(Set.of(change.aspect), only.aspects(), change.component);
                assertEquals(
                        change.aspect.effect() == Effect.RESET ? Set.of(PEER) : Set.of(),
                        changes.ended(),
                        change.component);
            }
        }
    }

    @Test
    void noComponentIsLeftOut() {
        Set<String> components = Stream.of(NeighborSettings.class, NeighborOptions.class)
                .flatMap(type -> Arrays.stream(type.getRecordComponents()))
                .map(RecordComponent::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        // Who it is, and where the second record hangs.
        components.removeAll(Set.of("address", "options"));
        assertEquals(
                components,
                Arrays.stream(Change.values())
                        .map(change -> change.component)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void onlyWhatIsToldInAnOpenOrTiedToTheConnectionEndsASession() {
        assertEquals(
                Set.of(
                        NeighborAspect.LOCAL_AS,
                        NeighborAspect.ROUTER_ID,
                        NeighborAspect.REMOTE_AS,
                        NeighborAspect.HOLD_TIME,
                        NeighborAspect.OFFER,
                        NeighborAspect.LOCAL_ADDRESS,
                        NeighborAspect.DEVICE),
                Arrays.stream(NeighborAspect.values())
                        .filter(aspect -> aspect.effect() == Effect.RESET)
                        .collect(Collectors.toSet()));
    }

    @Test
    void anotherAsOfOursEndsOnlySessionsThatHaveNoneOfTheirOwn() {
        NeighborSettings own = NEIGHBOR.withOptions(NEIGHBOR.options().withLocalAs(65200));
        SpeakerSettings before = SPEAKER.withNeighbor(own);
        SpeakerSettings after = new SpeakerSettings(
                65101, before.routerId(), before.neighbors(), before.ranges(), before.listen(), false);
        assertEquals(Set.of(OTHER.address()), between(before, after).ended());
    }

    @Test
    void nothingDifferentIsNoChange() {
        assertTrue(between(SPEAKER, SPEAKER.withNeighbors(List.of(OTHER, NEIGHBOR)))
                .isEmpty());
    }

    @Test
    void listenersAreOpenedAndClosedByAddress() {
        InetSocketAddress one = new InetSocketAddress(Prefix.parseAddress("10.7.0.1"), 179);
        InetSocketAddress two = new InetSocketAddress(Prefix.parseAddress("10.7.0.1"), 1179);
        InetSocketAddress three = new InetSocketAddress(Prefix.parseAddress("10.7.0.1"), 2179);
        SpeakerChanges changes =
                between(SPEAKER.withListen(List.of(one, two)), SPEAKER.withListen(List.of(two, three)));
        assertEquals(Set.of(three), changes.opened());
        assertEquals(Set.of(one), changes.closed());
        assertFalse(changes.isEmpty());
    }

    @Test
    void aNeighbourOfARangeStaysWhenItBecomesOneByItself() {
        NeighborRange range = NeighborRange.of(Prefix.parse("10.8.0.0/16"), 65003, 5);
        InetAddress passing = Prefix.parseAddress("10.8.1.1");
        SpeakerSettings before = SPEAKER.withRanges(List.of(range));
        SpeakerSettings after = SPEAKER.withNeighbor(range.neighbor(passing));
        assertTrue(SpeakerChanges.between(before, after, Set.of(passing)).isEmpty());
        assertEquals(
                List.of(passing),
                SpeakerChanges.between(before, SPEAKER, Set.of(passing)).removed());
        NeighborRange other = range.withTemplate(range.template().withHoldTimeSeconds(9));
        assertEquals(
                Set.of(passing),
                SpeakerChanges.between(before, SPEAKER.withRanges(List.of(other)), Set.of(passing))
                        .ended());
    }

    @Test
    void theNarrowestRangeCounts() {
        NeighborRange wide = NeighborRange.of(Prefix.parse("10.0.0.0/8"), 65003, 5);
        NeighborRange narrow = NeighborRange.of(Prefix.parse("10.8.0.0/16"), 65004, 5);
        SpeakerSettings settings = SPEAKER.withRanges(List.of(wide, narrow));
        assertEquals(Optional.of(narrow), settings.range(Prefix.parseAddress("10.8.1.1")));
        assertEquals(Optional.of(wide), settings.range(Prefix.parseAddress("10.9.1.1")));
        assertEquals(Optional.empty(), settings.range(Prefix.parseAddress("192.0.2.1")));
        assertEquals(Optional.of(NEIGHBOR), settings.neighbor(PEER), "who is named is of no range");
    }

    /** Whatever is added, altered and removed: the lists lead from one to the other, and touch nobody else. */
    @Test
    void theListsLeadFromOneToTheOther() {
        for (long seed = 1; seed <= 500; seed++) {
            Random random = new Random(seed);
            SpeakerSettings before = random(random, SpeakerSettings.of(65100, "10.7.0.1"));
            SpeakerSettings after = random(random, before);
            SpeakerChanges changes = between(before, after);
            Map<InetAddress, NeighborSettings> reached = new LinkedHashMap<>();
            before.neighbors().forEach(neighbor -> reached.put(neighbor.address(), neighbor));
            changes.removed().forEach(reached::remove);
            changes.altered().forEach(alteration -> {
                assertEquals(alteration.from(), reached.put(alteration.to().address(), alteration.to()));
            });
            changes.added().forEach(neighbor -> reached.put(neighbor.address(), neighbor));
            assertEquals(new HashSet<>(after.neighbors()), new HashSet<>(reached.values()), "seed " + seed);
            Set<InetAddress> untouched = new HashSet<>();
            before.neighbors().stream()
                    .filter(after.neighbors()::contains)
                    .forEach(neighbor -> untouched.add(neighbor.address()));
            Set<InetAddress> named = new HashSet<>(changes.removed());
            changes.altered().forEach(alteration -> named.add(alteration.to().address()));
            changes.added().forEach(neighbor -> named.add(neighbor.address()));
            named.retainAll(untouched);
            assertEquals(Set.of(), named, "seed " + seed);
        }
    }

    private static SpeakerSettings random(Random random, SpeakerSettings from) {
        List<NeighborSettings> neighbors = new ArrayList<>(from.neighbors());
        for (int i = random.nextInt(8); i > 0; i--) {
            NeighborSettings one =
                    NeighborSettings.of(Prefix.parseAddress("10.7.0." + (10 + random.nextInt(6))), 65001);
            neighbors.removeIf(neighbor -> neighbor.address().equals(one.address()));
            if (random.nextInt(3) > 0) {
                Change[] all = Change.values();
                neighbors.add(all[random.nextInt(all.length)].change.apply(one));
            }
        }
        return from.withNeighbors(neighbors);
    }

    /** The kernel knows a key by addresses, which may be the same at two interfaces. */
    @Test
    void rangesOfTheSameAddressesHaveOneKey() {
        NeighborSettings template = NeighborSettings.of(Prefix.parseAddress("fe80::"), 65003);
        NeighborRange here = range(template.withMd5Password("one"), "eth0");
        NeighborRange there = range(template.withMd5Password("one"), "eth1");
        assertEquals(2, SPEAKER.withRanges(List.of(here, there)).ranges().size());
        for (NeighborRange other :
                List.of(range(template, "eth1"), range(template.withMd5Password("another"), "eth1"))) {
            assertThrows(IllegalArgumentException.class, () -> SPEAKER.withRanges(List.of(here, other)));
        }
    }

    private static NeighborRange range(NeighborSettings template, String device) {
        return new NeighborRange(
                Prefix.parse("fe80::/10"), template.withOptions(NeighborOptions.DEFAULT.withDevice(device)), 1);
    }
}
