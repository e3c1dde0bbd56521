package org.secondsite.replicator.agent.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.net.io.TermMemory;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayConduct;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochAssembler;
import org.secondsite.replicator.checkpoint.Side;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VM's connection to the gateway: opened again whenever it is gone, with growing waits.
 *
 * <p>Epochs are put together here, and everything is handed to the worker; only of STOP_VM something is known before the worker
 * comes to it, because nothing may make the VM run from then on.
 */
final class GatewayLink implements CheckpointConnection.Events, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayLink.class);
    private static final int CONNECT_TIMEOUT_MS = 2000;

    private final EventLoopGroup loop;
    private final GatewayDoor gateway;
    private final AgentTiming timing;
    private final VmId vm;
    private final long ramBytes;
    private final Consumer<WorkerEvent> worker;
    private final Life life;

    private final GatewayConduct conduct;
    private final Optional<TermMemory> memory;
    private final LongAdder wrongMessages = new LongAdder();
    private volatile boolean ended;
    private volatile Optional<CheckpointConnection> standing = Optional.empty();
    private volatile boolean stopDemanded;

    // Of the event loop's thread.
    private EpochAssembler assembler;
    /** There is a TCP connection. */
    private boolean reached;
    /** The gateway has proved who it is, or need not. */
    private boolean opened;

    private int waitMs;
    private String lastTrouble = "";

    GatewayLink(
            EventLoopGroup loop,
            GatewayDoor gateway,
            AgentTiming timing,
            VmId vm,
            long ramBytes,
            Consumer<WorkerEvent> worker,
            Optional<TermMemory> memory,
            Life life) {
        this.memory = memory;
        this.conduct = new GatewayConduct(memory.map(TermMemory::term).orElse(0L));
        this.life = life;
        this.loop = loop;
        this.gateway = gateway;
        this.timing = timing;
        this.vm = vm;
        this.ramBytes = ramBytes;
        this.worker = worker;
        this.waitMs = timing.minReconnectMs();
        this.assembler = new EpochAssembler(vm, ramBytes);
    }

    /** Connects, and goes on doing so until closed. */
    void connect() {
        if (ended) {
            return;
        }
        gateway.bootstrap(loop)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        gateway.prepare(channel);
                        CheckpointConnection.install(channel, Side.AGENT, timing.keepaliveMs(), GatewayLink.this, life);
                    }
                })
                .connect(gateway.address())
                .addListener(connected -> {
                    reached = connected.isSuccess();
                    if (!reached) {
                        trouble("cannot connect: " + connected.cause().getMessage());
                    }
                });
    }

    /**
     * Whether STOP_VM has come since the last {@link #stopObeyed}: from then on nothing may make the VM run.
     */
    boolean stopDemanded() {
        return stopDemanded;
    }

    /** The VM is dead. */
    void stopObeyed() {
        stopDemanded = false;
    }

    @Override
    public void opened(CheckpointConnection connection) {
        if (ended) {
            connection.close("the agent has let go of the VM");
            return;
        }
        opened = true;
        standing = Optional.of(connection);
        conduct.connected();
        assembler = new EpochAssembler(vm, ramBytes);
        worker.accept(new WorkerEvent.Opened(connection));
    }

    /** To be told of whatever is said to the gateway, before that is sent. */
    void says(CheckpointMessage message) {
        conduct.said(message);
    }

    /** How many messages of the gateway ended a connection because they were not in order. */
    long wrongMessages() {
        return wrongMessages.sum();
    }

    @Override
    public void message(CheckpointConnection connection, CheckpointMessage message) {
        if (conduct.isCondemned()) {
            return;
        }
        Optional<String> wrong = conduct.judge(message);
        if (wrong.isPresent()) {
            wrongMessages.increment();
            String reason = "the gateway does not keep to the protocol: " + wrong.get();
            trouble(reason);
            connection.close(reason);
            return;
        }
        memory.ifPresent(terms -> terms.remember(conduct.highestTerm()));
        conduct.reply(message).ifPresent(connection::send);
        switch (message) {
            case CheckpointMessage.EpochPart part -> part(connection, part);
            case CheckpointMessage.Welcome welcome -> {
                waitMs = timing.minReconnectMs();
                lastTrouble = "";
                if (welcome.dialect().has(Capability.DEVICE_SAME)) {
                    connection.shipDifferences();
                }
                worker.accept(new WorkerEvent.Received(connection, message));
            }
            case CheckpointMessage.Refused refused -> {
                trouble("refused: " + refused.reason());
                worker.accept(new WorkerEvent.Received(connection, message));
            }
            case CheckpointMessage.StopVm stop -> {
                stopDemanded = true;
                worker.accept(new WorkerEvent.Received(connection, message));
            }
            case CheckpointMessage.Term told -> {}
            default -> worker.accept(new WorkerEvent.Received(connection, message));
        }
    }

    private void part(CheckpointConnection connection, CheckpointMessage.EpochPart part) {
        switch (assembler.accept(part)) {
            case Decoded.NeedMore<EpochAssembler.Arrived, String>() -> {}
            case Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived whole) ->
                worker.accept(new WorkerEvent.EpochArrived(connection, whole.epoch()));
            case Decoded.Refused<EpochAssembler.Arrived, String>(String reason) -> connection.close(reason);
        }
    }

    @Override
    public void closed(CheckpointConnection connection, String reason) {
        assembler.close();
        standing = Optional.empty();
        if (reached && !opened) {
            trouble(reason);
        }
        reached = false;
        opened = false;
        worker.accept(new WorkerEvent.Closed(connection, reason));
        if (!ended) {
            var _ = loop.schedule(this::connect, waitMs, TimeUnit.MILLISECONDS);
            waitMs = Math.min(2 * waitMs, timing.maxReconnectMs());
        }
    }

    /** Says what is wrong, once, not at every attempt. */
    private void trouble(String what) {
        if (!what.equals(lastTrouble)) {
            lastTrouble = what;
            LOG.warn("{}: gateway {}: {}", vm, gateway.address(), what);
        }
    }

    /** The worker is late: nothing may tell the gateway that it is well. It says HELLO on the next connection itself. */
    void silence() {
        standing.ifPresent(connection -> connection.close("the agent's worker does not turn round"));
    }

    /** Does not connect any more. The current connection is the worker's to close. */
    @Override
    public void close() {
        ended = true;
        memory.ifPresent(TermMemory::close);
    }
}
