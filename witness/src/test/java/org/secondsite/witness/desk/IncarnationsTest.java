package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** Which of several gateways with one certificate the desk serves. */
class IncarnationsTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");
    private static final SeatId HERE = new SeatId(1, 2);
    private static final SeatId THERE = new SeatId(3, 4);
    private static final long MS = 1_000_000;
    private static final long SILENT = Incarnations.LIVE_NANOS;
    private static final long HOURS = 3600 * 1000 * MS;

    private RequestDesk desk = desk(2, A, Map.of());
    private long connections;

    private static LogEntry owned(long term, SiteId owner, SiteId asker) {
        return entry(term, owner, asker, Set.of(owner));
    }

    private static LogEntry entry(long term, SiteId owner, SiteId asker, Set<SiteId> inSync) {
        return new LogEntry(
                new OwnershipRecord(WEB, term, term - 1, owner, inSync), A, B, asker, "why", new RequestId(70, term));
    }

    private static RequestDesk desk(long term, SiteId owner, Map<SiteId, SeatId> seats) {
        return new RequestDesk(
                new AccessRule(List.of(new GroupSettings(WEB, A, B, A))),
                new GrantPolicy(300 * MS, 1500 * MS),
                List.of(owned(term, owner, owner)),
                Provenance.BEGUN,
                seats,
                0);
    }

    /** What a gateway gets that says hello and tells its seat, after the welcome. */
    private List<DeskEffect> comes(SiteId site, long client, SeatId seat, long nowNanos) {
        Connection connection = new Connection(++connections, site, "there:" + client);
        desk.opened(connection);
        assertEquals(
                List.of(new DeskEffect.Send(connection, new Message.Welcome(MessageCodec.VERSION))),
                desk.received(connection, new Message.Hello(MessageCodec.OLDEST_VERSION, site, client), nowNanos));
        return new ArrayList<>(desk.received(connection, new Message.Seat(seat), nowNanos));
    }

    private static boolean isAdmitted(List<DeskEffect> effects) {
        return effects.stream()
                .anyMatch(effect -> effect instanceof DeskEffect.Send(Connection to, Message.Admitted yes));
    }

    private static boolean isRefused(List<DeskEffect> effects) {
        boolean told = effects.stream()
                .anyMatch(effect -> effect instanceof DeskEffect.Send(Connection to, Message.Displaced no));
        return told && effects.getLast() instanceof DeskEffect.Close;
    }

    @Test
    void theSeatIsRememberedBeforeTheGatewayIsServed() {
        List<DeskEffect> effects = comes(A, 7, HERE, 1);
        assertTrue(isRefused(effects), "the one that asked last counts as heard at the start");
        effects = comes(A, 7, HERE, SILENT);
        assertEquals(new DeskEffect.KeepSeat(A, HERE), effects.getFirst());
        assertEquals(new Message.Admitted(), ((DeskEffect.Send) effects.get(1)).message());
        assertFalse(comes(A, 8, HERE, SILENT).contains(new DeskEffect.KeepSeat(A, HERE)), "it is remembered already");
    }

    @Test
    void aRestartedGatewayIsServedAtOnceThoughItsFormerLifeIsHeard() {
        desk = desk(2, A, Map.of(A, HERE));
        assertTrue(isAdmitted(comes(A, 7, HERE, 1)));
        List<DeskEffect> restarted = comes(A, 8, HERE, 2);
        assertTrue(restarted.getFirst() instanceof DeskEffect.Close, "the connection of its former life ends");
        assertTrue(isAdmitted(restarted));
        assertEquals(0, desk.counts().clones());
    }

    @Test
    void aCopyOfTheOwnerIsRefusedForAsLongAsTheOwnerMayLetOutputPass() {
        desk = desk(2, A, Map.of(A, HERE));
        assertTrue(isAdmitted(comes(A, 7, HERE, 1)));
        assertTrue(isRefused(comes(A, 8, THERE, 2)));
        assertTrue(isRefused(comes(A, 8, THERE, HOURS)), "who is silent here may live");
        assertTrue(isRefused(comes(A, 8, SeatId.NONE, HOURS)), "nor one that knows no seat");
        assertTrue(isAdmitted(comes(A, 7, HERE, HOURS + 1)), "the owner has its place still");
        assertEquals(3, desk.counts().clones());
    }

    @Test
    void anotherMachineOfASiteThatOwnsNothingIsServedWhenTheFirstIsSilent() {
        desk = desk(2, A, Map.of(B, HERE));
        assertTrue(isAdmitted(comes(B, 7, HERE, 1)));
        assertTrue(isRefused(comes(B, 8, THERE, SILENT)));
        List<DeskEffect> effects = comes(B, 8, THERE, 1 + SILENT);
        assertTrue(isAdmitted(effects));
        assertTrue(effects.contains(new DeskEffect.KeepSeat(B, THERE)));
        assertTrue(isRefused(comes(B, 7, HERE, 2 + SILENT)), "and the first is refused from then on");
    }

    /** What the first one holds is what the site may be promoted for. */
    @Test
    void aCopyOfAStandbyInSyncIsRefusedUntilTheOwnerStandsAlone() {
        desk = desk(2, A, Map.of(B, HERE));
        desk.recorded(entry(3, A, A, Set.of(A, B)), 1);
        assertTrue(isAdmitted(comes(B, 7, HERE, 1)));
        assertTrue(isRefused(comes(B, 8, THERE, HOURS)));
        desk.recorded(entry(4, A, A, Set.of(A)), HOURS);
        assertTrue(isAdmitted(comes(B, 8, THERE, HOURS + 1)));
    }

    @Test
    void anOperatorsForceFreesThePlaceOfAGatewayThatIsSilent() {
        desk = desk(2, A, Map.of(A, HERE));
        assertTrue(isAdmitted(comes(A, 7, HERE, 1)));
        assertEquals(List.of(), desk.recorded(owned(3, A, AccessRule.OPERATOR), 2), "it is heard");
        assertTrue(isRefused(comes(A, 8, THERE, HOURS)));
        List<DeskEffect> freed = desk.recorded(owned(4, A, AccessRule.OPERATOR), HOURS);
        assertEquals(new DeskEffect.KeepSeat(A, SeatId.NONE), freed.getFirst());
        assertTrue(isRefused(freed), "who hears without being heard is not told what the next one is granted");
        assertTrue(isAdmitted(comes(A, 8, THERE, HOURS + 1)));
    }

    @Test
    void aSeatIsToldOnce() {
        Connection twice = new Connection(99, B, "there:99");
        desk.opened(twice);
        desk.received(twice, new Message.Hello(MessageCodec.OLDEST_VERSION, B, 7), 1);
        assertTrue(isAdmitted(desk.received(twice, new Message.Seat(HERE), 1)));
        assertTrue(desk.received(twice, new Message.Seat(THERE), 1).getFirst() instanceof DeskEffect.Close);
    }
}
