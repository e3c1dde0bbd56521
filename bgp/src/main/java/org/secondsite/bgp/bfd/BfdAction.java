package org.secondsite.bgp.bfd;

/** What a session asks for and tells, in order. */
public sealed interface BfdAction {
    /** Send the packet to the peer. */
    record Send(BfdPacket packet) implements BfdAction {}

    /**
     * The state changed.
     *
     * @param onPurpose one of the two ends was taken down by hand: no reason to give up what runs over the path (RFC 5882
     *     §3.2)
     */
    record Changed(BfdState from, BfdState to, BfdDiagnostic diagnostic, boolean onPurpose, String reason)
            implements BfdAction {
        /** Whether the path is to be taken for dead. */
        public boolean isFailure() {
            return from == BfdState.UP && !onPurpose;
        }
    }
}
