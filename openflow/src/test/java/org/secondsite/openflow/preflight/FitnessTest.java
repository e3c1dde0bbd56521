package org.secondsite.openflow.preflight;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.openflow.Access;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.ovsdb.Remedy;

class FitnessTest {
    private static final long SECOND = 1_000_000_000L;
    private static final InetSocketAddress DATABASE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 6640);
    private static final Bridge.Controller CONTROLLER =
            new Bridge.Controller("c1", "tcp:192.0.2.1:6653", OptionalLong.of(1000), OptionalLong.empty());
    private static final Bridge FIT = new Bridge("b1", "br0", "secure", true, List.of(CONTROLLER), List.of(), Map.of());
    private static final Bridge STANDALONE =
            new Bridge("b1", "br0", "", true, List.of(CONTROLLER), List.of(), Map.of());
    private static final Finding PROBED = Finding.of(Finding.Weight.UNSAFE, "told by the switch");

    @Test
    void aBridgeAsItHasToBeIsFit() {
        Fitness fitness = fitness(Preflight.MEND);
        assertEquals(List.of(told(Standing.FIT, "")), fitness.databaseTold(Optional.of(FIT), 0));
        assertEquals(List.of(), fitness.databaseTold(Optional.of(FIT), 1));
    }

    @Test
    void everythingThatIsWrongIsFoundAndMendedAtOnce() {
        Bridge wrong = new Bridge(
                "b1",
                "br0",
                "",
                false,
                List.of(
                        new Bridge.Controller("c1", "tcp:192.0.2.1:6653", OptionalLong.empty(), OptionalLong.of(0)),
                        new Bridge.Controller("c2", "tcp:192.0.2.2:6653", OptionalLong.of(500), OptionalLong.of(9000))),
                List.of(
                        new Bridge.Mirror("m1", "all", true, Set.of(), Set.of("x")),
                        new Bridge.Mirror("m2", "tap", false, Set.of("vm1"), Set.of()),
                        new Bridge.Mirror("m3", "into", false, Set.of("y"), Set.of("vm1")),
                        new Bridge.Mirror("m4", "other", false, Set.of("y"), Set.of("x"))),
                Map.of(0, 3L, 200, 1L));
        Fitness fitness = fitness(Preflight.MEND);
        fitness.holds(List.of(VM1), 0);
        List<Fitness.Effect> effects = fitness.databaseTold(Optional.of(wrong), 0);
        assertEquals(
                new Fitness.Effect.Mend(List.of(
                        new Remedy.SetText("Bridge", "b1", "fail_mode", "secure"),
                        new Remedy.SetOption("b1", "disable-in-band", "true"),
                        new Remedy.RemoveMirror("b1", "m1"),
                        new Remedy.RemoveMirror("b1", "m2"),
                        new Remedy.RemoveMirror("b1", "m3"),
                        new Remedy.SetNumber("Controller", "c1", "max_backoff", 1000),
                        new Remedy.SetNumber("Controller", "c1", "inactivity_probe", 5000),
                        new Remedy.SetNumber("Controller", "c2", "inactivity_probe", 5000))),
                effects.getFirst());
        assertEquals(
                told(
                        Standing.UNFIT,
                        "fail_mode is standalone, in-band control is not disabled, mirror all is on every port,"
                                + " mirror tap is on port vm1, mirror into is on port vm1,"
                                + " max_backoff of tcp:192.0.2.1:6653 is 8000 ms,"
                                + " inactivity_probe of tcp:192.0.2.1:6653 is 0 ms,"
                                + " inactivity_probe of tcp:192.0.2.2:6653 is 9000 ms,"
                                + " table 0 has room for 3 flows of 4"),
                effects.getLast());
        assertFalse(fitness.isRefused());
    }

    @Test
    void whatDoesNotMendWithinASecondIsRefusedUntilItDoes() {
        Fitness fitness = fitness(Preflight.MEND);
        fitness.connected(0);
        fitness.databaseTold(Optional.of(STANDALONE), 0);
        assertEquals(List.of(), fitness.tick(SECOND - 1));
        List<Fitness.Effect> effects = fitness.tick(SECOND);
        assertTrue(effects.contains(new Fitness.Effect.Refuse()), effects::toString);
        assertTrue(effects.contains(told(Standing.REFUSED, "fail_mode is standalone")), effects::toString);
        assertTrue(effects.stream().anyMatch(Fitness.Effect.Mend.class::isInstance), "it is tried again");
        assertEquals(
                List.of(new Fitness.Effect.Admit(), told(Standing.FIT, "")),
                fitness.databaseTold(Optional.of(FIT), 2 * SECOND));
    }

    @ParameterizedTest
    @EnumSource
    void whatCannotBeMendedIsRefusedAtOnceUnlessItShallOnlyBeTold(Preflight preflight) {
        Fitness fitness = new Fitness(new SwitchSettings(
                EXCLUSIVE.id(),
                EXCLUSIVE.datapathId(),
                "gw",
                EXCLUSIVE.sharing(),
                EXCLUSIVE.foreignGeneration(),
                preflight,
                Optional.empty(),
                Access.UNPROVED));
        fitness.connected(0);
        fitness.probed(List.of(PROBED), 0);
        assertEquals(preflight != Preflight.REPORT, fitness.isRefused());
    }

    @Test
    void nothingIsMendedWhereThatIsNotWanted() {
        Fitness fitness = fitness(Preflight.REFUSE);
        fitness.connected(0);
        assertEquals(
                List.of(new Fitness.Effect.Refuse(), told(Standing.REFUSED, "fail_mode is standalone")),
                fitness.databaseTold(Optional.of(STANDALONE), 0));
    }

    @Test
    void aSwitchInUseStaysInUseUntilItConnectsAgain() {
        Fitness fitness = fitness(Preflight.REFUSE);
        fitness.connected(0);
        fitness.databaseTold(Optional.of(FIT), 0);
        assertEquals(
                List.of(told(Standing.UNFIT, "fail_mode is standalone")),
                fitness.databaseTold(Optional.of(STANDALONE), SECOND));
        assertTrue(fitness.connected(2 * SECOND).contains(new Fitness.Effect.Refuse()));
        assertTrue(fitness.databaseTold(Optional.of(FIT), 3 * SECOND).contains(new Fitness.Effect.Admit()));
    }

    @Test
    void aSwitchThatCannotBeLookedAtIsUsedAndSaidToBe() {
        Fitness fitness = fitness(Preflight.REFUSE);
        assertEquals(
                List.of(told(Standing.UNCHECKED, "its database is not reached: refused")),
                fitness.databaseLost("refused", 0));
        assertFalse(fitness.isRefused());
    }

    private static Fitness fitness(Preflight preflight) {
        return new Fitness(EXCLUSIVE.with(preflight, DatabaseAccess.plain(DATABASE)));
    }

    private static Fitness.Effect told(Standing standing, String what) {
        return new Fitness.Effect.Told(standing, what);
    }
}
