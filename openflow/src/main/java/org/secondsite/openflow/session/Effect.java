package org.secondsite.openflow.session;

import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.config.SwitchId;

/** What a session wants done, in this order. */
public sealed interface Effect {
    /** Send the message. */
    record Send(OFMessage message) implements Effect {}

    /** End the connection. Nothing follows. */
    record Close(String reason) implements Effect {}

    /** The switch is known by name, and its ports are known. */
    record Connected(SwitchId switchId) implements Effect {}

    /** The switch was read back and has exactly what it shall have. */
    record Confirmed(long term, int flows) implements Effect {}

    /** The switch does not take this term, nor will it: somebody came with a later one. */
    record Outranked(long term, String reason) implements Effect {}

    /** The switch does not have the flows now; the session tries again after a while. */
    record Failed(long term, String reason) implements Effect {}

    /** Ports that are wanted and do not exist; told when the set changes. */
    record PortsMissing(Set<String> portNames) implements Effect {}
}
