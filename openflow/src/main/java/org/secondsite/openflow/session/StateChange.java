package org.secondsite.openflow.session;

import static org.secondsite.openflow.session.State.CLOSED;
import static org.secondsite.openflow.session.State.CONNECTED;
import static org.secondsite.openflow.session.State.FEATURES;
import static org.secondsite.openflow.session.State.HELLO;
import static org.secondsite.openflow.session.State.PORTS;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import java.util.EnumSet;
import java.util.Set;

/** What ends a state of a {@link SwitchSession}, and which follows; rendered into {@code docs/openflow.md}. */
enum StateChange {
    /** There is a version that both speak. */
    AGREED("a version that both speak, 1.4 or else 1.3", FEATURES, EnumSet.of(HELLO)),
    /** It is a switch of the configuration. */
    KNOWN("a datapath id of the configuration, with its certificate if it needs one", PORTS, EnumSet.of(FEATURES)),
    /** All ports are told. */
    TOLD("the last part of its ports", CONNECTED, EnumSet.of(PORTS)),
    /** There is no version that both speak. */
    TOO_OLD("neither version", CLOSED, EnumSet.of(HELLO)),
    /** It is none of the configuration's, or an auxiliary connection. */
    STRANGER("another datapath id, or an auxiliary connection", CLOSED, EnumSet.of(FEATURES)),
    /** It has not the certificate of the switch that it says it is. */
    IMPOSTOR("a datapath id of the configuration without its certificate", CLOSED, EnumSet.of(FEATURES)),
    /** It answers echoes only. */
    MUTE("no answer in time, echoes or not", CLOSED, EnumSet.of(HELLO, FEATURES)),
    /** It refuses a question. */
    REFUSED("an error for the question, or one of a hello", CLOSED, EnumSet.of(HELLO, FEATURES, PORTS)),
    /** It is silent. */
    SILENT("an echo unanswered, in time that this process ran", CLOSED, EnumSet.complementOf(EnumSet.of(CLOSED))),
    /** It is silent while another connection claims to be it. */
    REPLACED(
            "an echo unanswered for a second while another connection says that it is this switch",
            CLOSED,
            EnumSet.of(CONNECTED));

    private final String words;
    private final State next;
    private final ImmutableSet<State> in;

    StateChange(String words, State next, Set<State> in) {
        this.words = words;
        this.next = next;
        this.in = Sets.immutableEnumSet(in);
    }

    /** What happens. */
    String words() {
        return words;
    }

    /** Which state follows. */
    State next() {
        return next;
    }

    /** In which states it can happen. */
    Set<State> in() {
        return in;
    }
}
