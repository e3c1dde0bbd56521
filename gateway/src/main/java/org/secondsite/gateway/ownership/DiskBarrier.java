package org.secondsite.gateway.ownership;

import java.util.Optional;

/**
 * DiskBeforeOutput: while output is held, a flush may be answered before any disk has it; so what needs no other site any more waits
 * until every flush that was ever answered is on the disk. That is the request to stand alone, because a restarted owner lets output
 * pass by the record that it brings; and output itself, when somebody else has brought such a record.
 */
final class DiskBarrier {
    private final Facts facts;
    private String request;
    private boolean output;

    DiskBarrier(Facts facts) {
        this.facts = facts;
    }

    /** Whether the disks have to be synced because of this request; it is not put before they are. */
    boolean begins(String why) {
        boolean first = request == null;
        request = why;
        return first;
    }

    /** Whether nothing has to be waited for. */
    boolean isOpen() {
        return !facts.flushesAtOnce();
    }

    /** Output waits. */
    void keepOutput() {
        output = true;
    }

    /** Whether output waits. */
    boolean keepsOutput() {
        return output;
    }

    /** The request that waited, which waits no more. */
    Optional<String> takeRequest() {
        Optional<String> taken = Optional.ofNullable(request);
        request = null;
        return taken;
    }

    /** Whether output waited, which waits no more. */
    boolean takeOutput() {
        boolean taken = output;
        output = false;
        return taken;
    }

    /** Nothing waits any more. */
    void forget() {
        request = null;
        output = false;
    }
}
