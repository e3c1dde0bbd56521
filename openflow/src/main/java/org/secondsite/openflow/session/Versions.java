package org.secondsite.openflow.session;

import java.util.List;
import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFHelloElem;
import org.projectfloodlight.openflow.protocol.OFHelloElemVersionbitmap;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.U32;

/** Which versions are spoken here, and which of them with a switch. */
final class Versions {
    /** Spoken before anything is agreed on. */
    static final OFVersion NEWEST = OFVersion.OF_14;

    /** What is lost with a version that is not the newest. */
    static final String NOT_ATOMIC =
            "not atomic: OpenFlow 1.3 has no bundles: flows change one by one, and meanwhile frames may be "
                    + "dropped that are let through before and after; none goes a way that it goes neither before nor after";

    private static final OFVersion OLDEST = OFVersion.OF_13;

    private Versions() {}

    /** What is said first. OpenFlow 1.4.1 §7.5.1: the bitmap has a bit for each version that is spoken. */
    static OFHello hello(long xid) {
        long versions = 1L << NEWEST.getWireVersion() | 1L << OLDEST.getWireVersion();
        return OFFactories.getFactory(NEWEST)
                .buildHello()
                .setXid(xid)
                .setElements(List.of(OFFactories.getFactory(NEWEST)
                        .buildHelloElemVersionbitmap()
                        .setBitmaps(List.of(U32.of(versions)))
                        .build()))
                .build();
    }

    /** OpenFlow 1.4.1 §6.3.1: the highest bit that both bitmaps have; without one the lower of the two versions. */
    static Optional<OFVersion> common(OFHello hello) {
        for (OFHelloElem element : elements(hello)) {
            if (element instanceof OFHelloElemVersionbitmap offer
                    && !offer.getBitmaps().isEmpty()) {
                long bits = offer.getBitmaps().getFirst().getValue();
                return List.of(NEWEST, OLDEST).stream()
                        .filter(version -> (bits >> version.getWireVersion() & 1) != 0)
                        .findFirst();
            }
        }
        return byHeader(hello.getVersion().getWireVersion());
    }

    /** The one that is spoken with whoever says in a header that this is the newest it speaks. */
    static Optional<OFVersion> byHeader(int wireVersion) {
        if (wireVersion >= NEWEST.getWireVersion()) {
            return Optional.of(NEWEST);
        }
        return wireVersion == OLDEST.getWireVersion() ? Optional.of(OLDEST) : Optional.empty();
    }

    private static List<OFHelloElem> elements(OFHello hello) {
        // Elements came with 1.3; the library throws when an older hello is asked for them.
        return hello.getVersion().compareTo(OLDEST) < 0 ? List.of() : hello.getElements();
    }
}
