package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.projectfloodlight.openflow.protocol.OFType;

class RehearsalTest {
    @Test
    void playsWholeTakeoversWithEveryKindOfMessage() {
        Set<OFType> kinds = EnumSet.noneOf(OFType.class);
        assertEquals(6, new Rehearsal(3, message -> kinds.add(message.getType())).play(6));
        assertEquals(
                EnumSet.of(
                        OFType.HELLO,
                        OFType.FEATURES_REQUEST,
                        OFType.STATS_REQUEST,
                        OFType.ROLE_REQUEST,
                        OFType.FLOW_MOD,
                        OFType.BARRIER_REQUEST,
                        OFType.BUNDLE_CONTROL,
                        OFType.BUNDLE_ADD_MESSAGE),
                kinds);
    }
}
