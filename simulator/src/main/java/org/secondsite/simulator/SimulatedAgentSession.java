package org.secondsite.simulator;

import java.util.Optional;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.MessageSession;

/** The connection between a gateway and an agent, as the gateway commands it: its messages, in their order. */
final class SimulatedAgentSession extends MessageSession {
    private final SimulatedHypervisor hypervisor;
    private CheckpointMessage.Hello hello;
    private AgentConduct conduct;
    private boolean kept;

    SimulatedAgentSession(SimulatedHypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    void hello(CheckpointMessage.Hello said) {
        hello = said;
        conduct = new AgentConduct(said, said.offer());
    }

    boolean hasGreeted() {
        return conduct != null;
    }

    @Override
    protected AgentConduct conduct() {
        return conduct;
    }

    /** A gateway ends the session of an agent that says what it may not say, and this one does as it is told. */
    void requireOrder(CheckpointMessage message) {
        Optional<String> wrong = conduct.judge(message);
        if (wrong.isPresent() && !hypervisor.world().plants()) {
            throw new IllegalStateException("an agent is found fault with: " + wrong.get());
        }
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
