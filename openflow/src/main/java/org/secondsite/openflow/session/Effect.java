package org.secondsite.openflow.session;

import java.util.List;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.VmTraffic;
import org.secondsite.openflow.preflight.Finding;

/** What a session wants done, in this order. */
public sealed interface Effect {
    /** Send the message. */
    record Send(OFMessage message) implements Effect {}

    /** What was to be sent is to be on its way before anything else is done; then {@link SwitchSession#prepare} is to be called. */
    record Prepare() implements Effect {}

    /** End the connection. Nothing follows. */
    record Close(String reason) implements Effect {}

    /** The switch is known by name, and its ports are known. */
    record Connected(SwitchId switchId) implements Effect {}

    /** It says that it is this switch, and has not the certificate that proves it. The end of the connection follows. */
    record Impostor(SwitchId switchId, String what) implements Effect {}

    /** It lives, which somebody has asked for. */
    record Alive() implements Effect {}

    /** Nothing gets out of the silent VMs any more: the switch has worked off what shuts their gates. */
    record Fenced(long term, int vms) implements Effect {}

    /** The switch was read back and has exactly what it shall have. */
    record Confirmed(long term, int flows) implements Effect {}

    /** The same, but for what these words name. */
    record Partial(long term, int flows, Set<String> without) implements Effect {}

    /**
     * The switch does not take this term.
     *
     * @param obstacle what is in its way
     */
    record Outranked(long term, Obstacle obstacle, String reason) implements Effect {}

    /** The switch does not have the flows now; the session tries again after a while. */
    record Failed(long term, String reason) implements Effect {}

    /**
     * The switch was found to differ from what was confirmed before; it is being mended.
     *
     * @param what the difference, in words
     * @param goodNanos when it was last found good
     * @param byPassedPackets how many frames may have gone past the gateway, as far as they are counted
     */
    record Drifted(long term, String what, long goodNanos, long byPassedPackets) implements Effect {}

    /** Something that an operator should know and that ends nothing. */
    record Noticed(String what) implements Effect {}

    /** Ports that are wanted and do not exist; told when the set changes. */
    record PortsMissing(Set<String> portNames) implements Effect {}

    /** What of the switch is not as it has to be, as far as it tells itself. */
    record Probed(List<Finding> findings) implements Effect {
        /** Copies the list. */
        public Probed {
            findings = List.copyOf(findings);
        }
    }

    /** What the flows of the VMs have counted since they were written. */
    record Counted(List<VmTraffic> traffic) implements Effect {}
}
