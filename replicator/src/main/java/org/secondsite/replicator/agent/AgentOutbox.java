package org.secondsite.replicator.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/** Gathers what is to be done because of one event. Without a connection nothing is said. */
final class AgentOutbox {
    private final List<AgentEffect> effects = new ArrayList<>();
    private final VersionOffer offer;
    private boolean connected;

    AgentOutbox(Set<Capability> capabilities) {
        offer = new VersionOffer(capabilities);
    }

    void connected(boolean isConnected) {
        connected = isConnected;
    }

    boolean isConnected() {
        return connected;
    }

    void want(AgentEffect effect) {
        effects.add(effect);
    }

    void note(String text) {
        want(new AgentEffect.Note(text));
    }

    /** The first message of a connection. */
    void hello(VmId vm, long ramBytes, boolean isHere, EpochId stands, String words) {
        say(new CheckpointMessage.Hello(offer.dialect(), vm, ramBytes, isHere, stands, words));
    }

    /** The gateway's answer to it. */
    void answered(CheckpointMessage.Welcome welcome) {
        offer.welcomed(welcome.dialect()).ifPresent(wrong -> want(new AgentEffect.CloseConnection(wrong)));
    }

    /** The gateway's other answer to it. */
    void answered(CheckpointMessage.Refused refused) {
        offer.refused(refused.reason());
    }

    void say(CheckpointMessage message) {
        if (connected) {
            want(new AgentEffect.Send(message));
        }
    }

    void sayAfterEpochs(CheckpointMessage message) {
        if (connected) {
            want(new AgentEffect.SendAfterEpochs(message));
        }
    }

    void failed(FailureKind kind, EpochId epoch, String why) {
        want(new AgentEffect.Trouble(kind.word() + " failed, epoch " + epoch + ": " + why));
        say(new CheckpointMessage.Failed(kind, epoch, why));
    }

    /** What was gathered, in order; nothing is left. */
    List<AgentEffect> drain() {
        List<AgentEffect> drained = List.copyOf(effects);
        effects.clear();
        return drained;
    }
}
