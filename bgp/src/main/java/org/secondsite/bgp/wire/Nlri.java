package org.secondsite.bgp.wire;

import org.secondsite.config.IpPrefix;

/**
 * Network layer reachability information: a prefix, and with ADD-PATH which of several paths to it.
 *
 * @param pathId the path identifier (RFC 7911 §3), 32 bits unsigned; 0 where ADD-PATH is not in use
 * @param prefix the prefix
 */
public record Nlri(long pathId, IpPrefix prefix) {
    /** The only path to the prefix. */
    public static Nlri of(IpPrefix prefix) {
        return new Nlri(0, prefix);
    }

    @Override
    public String toString() {
        return pathId == 0 ? prefix.toString() : prefix + " path " + pathId;
    }
}
