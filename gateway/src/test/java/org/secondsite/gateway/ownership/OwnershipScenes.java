package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.StartCheckpoints;

/** Groups at both sites, brought into the states that tests begin with. */
abstract class OwnershipScenes {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final GroupId GROUP = new GroupId("web");

    long now;

    static OwnershipRecord record(long term, long previous, SiteId owner, SiteId... inSync) {
        return new OwnershipRecord(GROUP, term, previous, owner, Set.of(inSync));
    }

    List<OwnershipAction> tell(Ownership group, OwnershipEvent... events) {
        List<OwnershipAction> actions = new ArrayList<>();
        for (OwnershipEvent event : events) {
            actions.addAll(group.on(event, now));
        }
        return actions;
    }

    static <T extends OwnershipAction> T only(List<OwnershipAction> actions, Class<T> type) {
        List<T> found =
                actions.stream().filter(type::isInstance).map(type::cast).toList();
        assertEquals(1, found.size(), () -> type.getSimpleName() + " in " + actions);
        return found.getFirst();
    }

    static boolean has(List<OwnershipAction> actions, Class<? extends OwnershipAction> type) {
        return actions.stream().anyMatch(type::isInstance);
    }

    /** Owner a, standing alone under term 2, which was granted to it. */
    Ownership soloOwner() {
        Ownership a = new Ownership(A, B);
        Ask ask = only(tell(a, new OwnershipEvent.RecordLearnt(record(1, 0, A, A))), Ask.class);
        tell(a, new OwnershipEvent.Granted(ask.attempt(), record(2, 1, A, A)));
        assertEquals(OwnershipState.SOLO, a.state());
        return a;
    }

    /** Owner a, with everything ready, in SYNCING under term 2. */
    Ownership syncingOwner() {
        Ownership a = soloOwner();
        tell(a, new OwnershipEvent.SourceReady(), new OwnershipEvent.PeerBack());
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.StandbyReady());
        assertEquals(2, only(actions, StartCheckpoints.class).term());
        return a;
    }

    Ownership protectedOwner() {
        return admitted(syncingOwner());
    }

    /** A protected owner whose VMs' flushes are answered before any disk has them. */
    Ownership protectedOwnerOfDisks() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.DisksCarried());
        return admitted(a);
    }

    private Ownership admitted(Ownership a) {
        tell(a, new OwnershipEvent.ImageAcknowledged());
        Ask ask = only(tell(a, new OwnershipEvent.CaughtUp()), Ask.class);
        tell(a, new OwnershipEvent.Granted(ask.attempt(), record(3, 2, A, A, B)));
        assertEquals(OwnershipState.PROTECTED, a.state());
        return a;
    }

    /** A protected owner whose standby has said that the witness told it so. */
    Ownership protectedOwnerOfInformedStandby() {
        Ownership a = protectedOwner();
        assertEquals(List.of(), tell(a, new OwnershipEvent.RecordPassedOn(record(3, 2, A, A, B))));
        return a;
    }

    Ownership standbyInSync() {
        Ownership b = new Ownership(B, A);
        tell(b, new OwnershipEvent.VmsStopped(), new OwnershipEvent.RecordLearnt(record(2, 1, A, A)));
        assertEquals(OwnershipState.STANDBY, b.state());
        tell(b, new OwnershipEvent.PeerBack(), new OwnershipEvent.ImageHeld());
        tell(b, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)));
        return b;
    }
}
