package org.secondsite.openflow.session;

import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFGroupType;
import org.projectfloodlight.openflow.protocol.OFMeterModCommand;
import org.projectfloodlight.openflow.types.OFGroup;

/** Groups and meters, none of which the pipeline uses. */
final class Others {
    private static final long ALL_METERS = 0xffff_ffffL;

    private Others() {}

    /** Removes all of them. */
    static void remove(OFFactory factory, Outbox outbox) {
        outbox.send(factory.buildGroupDelete()
                .setXid(outbox.nextXid())
                .setGroup(OFGroup.ALL)
                .setGroupType(OFGroupType.ALL)
                .build());
        outbox.send(factory.buildMeterMod()
                .setXid(outbox.nextXid())
                .setCommand(OFMeterModCommand.DELETE)
                .setMeterId(ALL_METERS)
                .build());
    }
}
