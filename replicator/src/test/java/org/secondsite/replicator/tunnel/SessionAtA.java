package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.secondsite.config.VmId;
import org.secondsite.replicator.PageSet;

/** One session, begun, and a peer that is played frame by frame; at the end every epoch's memory is given back. */
abstract class SessionAtA {
    static final VmId WEB = new VmId("web");

    final SessionRig rig = new SessionRig(SessionRig.A);
    final SessionRig.RecordedWire wire = new SessionRig.RecordedWire();
    private long takenBefore;

    @BeforeEach
    void begin() {
        takenBefore = PageSet.takenBytes();
        rig.session.start(rig.now());
        rig.pass(0);
    }

    @AfterEach
    void closeAndFindNoMemoryLost() {
        rig.session.close(rig.now());
        assertEquals(takenBefore, PageSet.takenBytes());
    }
}
