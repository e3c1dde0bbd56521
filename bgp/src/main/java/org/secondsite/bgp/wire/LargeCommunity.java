package org.secondsite.bgp.wire;

/** A large community (RFC 8092 §3): three numbers, each 32 bits unsigned. */
public record LargeCommunity(long globalAdministrator, long localData1, long localData2) {
    @Override
    public String toString() {
        return globalAdministrator + ":" + localData1 + ":" + localData2;
    }
}
