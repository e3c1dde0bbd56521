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
import org.secondsite.replicator.checkpoint.CheckpointMessage;
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

    void hello(CheckpointMessage.Hello said) {
        hello = said;
        conduct = new AgentConduct(said, said.offer());
    }

    /** A gateway ends the session of an agent that says what it may not say, and this one does as it is told. */
    void requireOrder(CheckpointMessage message) {
        requireFaultless("agent", conduct.judge(message));
    }

    /** An agent ends the connection of a gateway that says what it may not say; nothing is judged that came on a former one. */
    void requireOrderFor(SimulatedAgentSession present, CheckpointMessage message) {
        if (equals(present)) {
            requireFaultless("gateway", gatewayConduct.judge(message));
        }
    }

    /** The agent says something, in order; false if that was for a connection that is gone, of which this one knows nothing. */
    boolean takes(CheckpointMessage message) {
        if (!(message instanceof CheckpointMessage.Hello)) {
            if (conduct == null) {
                return false;
            }
            requireOrder(message);
        }
        gatewayConduct.said(message);
        return true;
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
