package org.secondsite.simulator;

import java.util.Optional;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.agent.GatewayConduct;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.checkpoint.MessageSession;

/** The connection between a gateway and an agent, as the gateway commands it: its messages, in their order. */
final class SimulatedAgentSession extends MessageSession {
    private final SimulatedHypervisor hypervisor;
    private CheckpointMessage.Hello hello;
    private AgentConduct conduct;
    private final GatewayConduct gatewayConduct;
    private boolean kept;

    SimulatedAgentSession(SimulatedHypervisor hypervisor, GatewayConduct gatewayConduct) {
        this.hypervisor = hypervisor;
        this.gatewayConduct = gatewayConduct;
        gatewayConduct.connected();
    }

    /** A gateway ends the session of an agent that says what it may not say, and this one does as it is told. */
    void requireOrder(CheckpointMessage message) {
        requireFaultless("agent", conduct.judge(message));
    }

    /**
     * Whether the agent takes what a gateway says. It ends the connection otherwise, which no gateway deserves but one whose witness has
     * lost grants. Nothing is judged that came on a former connection.
     */
    boolean isTaken(SimulatedAgentSession present, CheckpointMessage message) {
        if (!equals(present)) {
            return true;
        }
        Optional<String> wrong = gatewayConduct.judge(message);
        if (wrong.isPresent() && hypervisor.world().forgot()) {
            hypervisor.hangUp("the gateway does not keep to the protocol: " + wrong.get());
            return false;
        }
        requireFaultless("gateway", wrong);
        if (wrong.isEmpty()) {
            gatewayConduct.reply(message).ifPresent(hypervisor::say);
        }
        return true;
    }

    /** The agent says something, in order; false if that was for a connection that is gone, of which this one knows nothing. */
    boolean takes(CheckpointMessage message) {
        if (message instanceof CheckpointMessage.Hello greeting) {
            hello = greeting;
            conduct = new AgentConduct(greeting, greeting.offer());
        } else if (conduct == null) {
            return false;
        } else {
            requireOrder(message);
        }
        gatewayConduct.said(message);
        return true;
    }

    /** What the agent has said arrives at the gateway. */
    void said(CheckpointMessage message, CheckpointListener gateway) {
        switch (message) {
            case CheckpointMessage.Hello greeting -> gateway.attached(this);
            case CheckpointMessage.Seal seal -> gateway.sealRequested(this, seal.epoch());
            case CheckpointMessage.Applied applied -> {
                answered();
                gateway.applied(this, applied.epoch());
            }
            case CheckpointMessage.Activated activated -> gateway.activated(this, activated.epoch());
            case CheckpointMessage.Failed failed -> {
                if (failed.kind() == FailureKind.APPLY) {
                    answered();
                }
                gateway.failed(this, failed.kind(), failed.reason());
            }
            case CheckpointMessage.Term remembered ->
                gateway.actedUnder(this, hypervisor.world().has(Plant.AGENTS_FORGET) ? 0 : remembered.term());
            case CheckpointMessage.VmPaused paused -> gateway.vmPaused(this, paused.last());
            case CheckpointMessage.DisksSynced synced -> gateway.disksSynced(this);
            case CheckpointMessage.OfDisks talk -> gateway.ofDisks(this, talk.talk());
            case CheckpointMessage.VmStopped stopped -> gateway.vmStopped(this);
            default -> throw new IllegalStateException("an agent says " + message);
        }
    }

    private void requireFaultless(String who, Optional<String> wrong) {
        if (wrong.isPresent() && !hypervisor.world().plants()) {
            throw new IllegalStateException("a site's " + who + " is found fault with: " + wrong.get());
        }
    }

    @Override
    protected AgentConduct conduct() {
        return conduct;
    }

    /** The agent has said that the VM is paused, and the gateway has not let it run since. */
    boolean isKept() {
        return kept;
    }

    void kept(boolean isKept) {
        kept = isKept;
    }

    @Override
    protected void send(CheckpointMessage message) {
        hypervisor.fromGateway(this, message);
    }

    @Override
    public VmId vm() {
        return hello.vm();
    }

    @Override
    public long ramBytes() {
        return hello.ramBytes();
    }

    @Override
    public boolean vmRunning() {
        return hello.running();
    }

    @Override
    public EpochId applied() {
        return hypervisor.replicaEpoch();
    }

    @Override
    public Dialect dialect() {
        return hello.offer();
    }

    @Override
    public CarriedDisks disks() {
        return hypervisor.disks();
    }

    @Override
    public Durability durability() {
        return Durability.DISK;
    }

    @Override
    public String description() {
        return hello.description();
    }

    @Override
    public void apply(Epoch epoch) {
        hypervisor.keeps(epoch);
        replica.apply(epoch);
        sendWhatIsNext();
    }

    @Override
    public void activate(EpochId expected) {
        if (hypervisor.world().has(Plant.OLDER_IMAGE_ACTIVATED)) {
            tell(new CheckpointMessage.Activate(expected));
        } else {
            replica.activate(expected);
            sendWhatIsNext();
        }
    }

    /** The agent has applied an epoch, or refused one. */
    void answered() {
        replica.answered();
        sendWhatIsNext();
    }

    @Override
    protected void ship(Epoch epoch) {
        hypervisor.epochFromGateway(this, epoch);
    }

    @Override
    public void release() {
        replica.drop();
        tell(new CheckpointMessage.Release());
    }

    /** The connection is gone, and with it what waited. */
    void detached() {
        replica.drop();
    }
}
