package org.secondsite.lab.wan;

/**
 * What happened on one direction since the start, in frames unless the name says otherwise.
 *
 * @param offered arrived at the near port for the far one
 * @param delivered left at the far port, duplicates counted
 * @param cut dropped because the wire was cut, when offered or on the way
 * @param lost dropped at random
 * @param tooBig dropped because the packet in it was longer than the MTU
 * @param tooBigTold of these, how many were answered to their sender
 * @param overflowed dropped because the rate's queue or the emulator's memory was full
 * @param inFlight on the way now
 */
public record LinkCounters(
        long offered,
        long delivered,
        long deliveredBytes,
        long cut,
        long lost,
        long tooBig,
        long tooBigTold,
        long overflowed,
        long duplicated,
        long corrupted,
        long reordered,
        long inFlight) {

    /** One JSON object, keys as the components. */
    String toJson() {
        return "{\"offered\":" + offered + ",\"delivered\":" + delivered + ",\"deliveredBytes\":" + deliveredBytes
                + ",\"cut\":" + cut + ",\"lost\":" + lost + ",\"tooBig\":" + tooBig
                + ",\"tooBigTold\":" + tooBigTold + ",\"overflowed\":" + overflowed + ",\"duplicated\":"
                + duplicated + ",\"corrupted\":" + corrupted + ",\"reordered\":" + reordered + ",\"inFlight\":"
                + inFlight + "}";
    }
}
