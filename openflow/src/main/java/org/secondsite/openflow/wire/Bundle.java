package org.secondsite.openflow.wire;

import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFBundleFlags;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.types.BundleId;

/**
 * The messages of one bundle, which is ordered and atomic.
 *
 * <pre>
 *   0         8         12      14      16
 *  ┌─────────┬─────────┬───────┬───────┬─────────────────────────────────┐
 *  │ header  │ bundle  │ -     │ flags │ a message with the header's xid │   OpenFlow 1.4.1 §7.3.9.6
 *  └─────────┴─────────┴───────┴───────┴─────────────────────────────────┘
 * </pre>
 */
public final class Bundle {
    /** ORDERED: what goes must go before what comes. ATOMIC: a frame meets the old flows or the new ones. */
    private static final Set<OFBundleFlags> FLAGS = Set.of(OFBundleFlags.ATOMIC, OFBundleFlags.ORDERED);

    private static final int FLAG_BITS = 3;
    private static final int BUNDLE_ADD_MESSAGE = 34;

    private final OFFactory factory;
    private final int id;

    /** The bundle with this number. */
    public Bundle(OFFactory factory, int id) {
        this.factory = factory;
        this.id = id;
    }

    /** Opens, closes, commits or discards it. */
    public OFMessage control(OFBundleCtrlType type, long xid) {
        return factory.buildBundleCtrlMsg()
                .setXid(xid)
                .setBundleId(BundleId.of(id))
                .setBundleCtrlType(type)
                .setFlags(FLAGS)
                .build();
    }

    /** Puts a message into it. */
    public OFMessage add(OFMessage message) {
        return new RawMessage(
                factory.getVersion(), OFType.BUNDLE_ADD_MESSAGE, BUNDLE_ADD_MESSAGE, message.getXid(), out -> {
                    out.writeInt(id).writeShort(0).writeShort(FLAG_BITS);
                    message.writeTo(out);
                });
    }
}
