package org.secondsite.replicator.agent.io;

import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.io.TermMemory;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.agent.AgentEffect;
import org.secondsite.replicator.agent.AgentEvent;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.VmAgent;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;
import org.secondsite.replicator.disk.io.VmVolumes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that happens to one VM, on one thread: {@link VmAgent} decides, this carries out. Events come through a queue; what
 * comes of an effect is told before the next of them, and time only when none waits.
 *
 * <p>Nothing makes the VM run once STOP_VM has been read, whether it was told or not: {@link VmHands} asks the link.
 */
final class VmWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmWorker.class);
    private static final int JOIN_MS = 15_000;
    private static final int END_WAIT_MS = 2000;

    /** How often it turns round at least. */
    private static final long MAX_IDLE_NANOS = 100_000_000L;

    /** How slowly a machine goes through the RAM of a VM, at worst. */
    private static final long SLOWEST_BYTES_PER_SECOND = 100_000_000L;

    private final VmHost host;
    private final VmVolumes volumes;
    private final LinkedBlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final GatewayLink link;
    private final VmAgent agent;
    private final VmHands hands;
    private final Life life;
    private final Turn turn;
    private final long longWorkNanos;
    private final Thread thread;

    private final Deque<AgentEvent> answers = new ArrayDeque<>();
    private CheckpointConnection connection;
    /** The epoch that has arrived, while that is dealt with. */
    private Epoch arrived;

    private boolean quit;

    /**
     * A worker that has not started.
     *
     * @param memory where it remembers the terms that it was told of, its own from here on; empty: nowhere
     */
    VmWorker(
            VmHost host,
            VmVolumes volumes,
            Optional<TermMemory> memory,
            GatewayDoor gateway,
            AgentTiming timing,
            EventLoopGroup loop,
            Life life) {
        this.host = host;
        this.volumes = volumes;
        this.link = new GatewayLink(loop, gateway, timing, host.vm(), host.ramBytes(), events::add, memory, life);
        this.agent = new VmAgent(host.vm(), host.ramBytes(), timing, host.capabilities(), System.nanoTime());
        this.hands = new VmHands(host, volumes, timing, link, events::add);
        this.life = life;
        this.turn = new Turn("agent-" + host.vm());
        turn.whenLate(link::silence);
        this.longWorkNanos = TimeUnit.SECONDS.toNanos(host.patienceSeconds())
                + host.ramBytes() / SLOWEST_BYTES_PER_SECOND * 1_000_000_000L;
        this.thread = Thread.ofPlatform().name(turn.toString()).unstarted(this::run);
    }

    void start() {
        volumes.whenFilling(level -> events.add(new WorkerEvent.DisksFill(level)));
        thread.start();
    }

    private void run() {
        life.watchedFromHere(turn);
        try {
            // The first HELLO is to tell whether the VM is here.
            tell(new AgentEvent.Tick());
            link.connect();
            while (!quit) {
                turn.made();
                step();
            }
        } catch (InterruptedException interrupted) {
            LOG.warn("{}: interrupted", host.vm());
        } catch (Throwable defect) {
            life.failed(defect);
        } finally {
            life.left(turn);
            detach();
        }
    }

    private void step() throws InterruptedException {
        WorkerEvent event = events.poll(Math.min(agent.dueIn(System.nanoTime()), MAX_IDLE_NANOS), TimeUnit.NANOSECONDS);
        if (event != null) {
            handle(event);
        }
        if (events.isEmpty()) {
            tell(new AgentEvent.Tick());
        }
    }

    private void handle(WorkerEvent event) throws InterruptedException {
        switch (event) {
            case WorkerEvent.Opened opened -> {
                connection = opened.connection();
                LOG.info("{}: connected to gateway {}", host.vm(), connection);
                tell(new AgentEvent.Opened());
            }
            case WorkerEvent.Closed closed -> {
                if (closed.connection() == connection) {
                    connection = null;
                    tell(new AgentEvent.Closed(closed.reason()));
                }
            }
            case WorkerEvent.Received received -> {
                // STOP_VM counts whatever became of the connection that it came on.
                if (received.connection() == connection || received.message() instanceof CheckpointMessage.StopVm) {
                    tell(new AgentEvent.Received(received.message()));
                }
            }
            case WorkerEvent.EpochArrived came -> {
                try (Epoch epoch = came.epoch()) {
                    if (came.connection() == connection) {
                        arrived = epoch;
                        tell(new AgentEvent.EpochArrived(epoch.header()));
                    }
                } finally {
                    arrived = null;
                }
            }
            case WorkerEvent.Shipped shipped -> {
                shipped.epoch().close();
                if (shipped.connection() == connection) {
                    tell(new AgentEvent.Shipped());
                }
            }
            case WorkerEvent.News news -> {
                if (hands.holds(news.driver())) {
                    tell(new AgentEvent.News(news.news()));
                }
            }
            case WorkerEvent.DisksFill fill -> tell(new AgentEvent.DisksFill(fill.level()));
            case WorkerEvent.Quit end -> quit = true;
        }
    }

    private void tell(AgentEvent event) throws InterruptedException {
        answers.add(event);
        while (!answers.isEmpty()) {
            for (AgentEffect effect : agent.on(answers.poll(), System.nanoTime())) {
                carryOut(effect);
            }
        }
    }

    private void carryOut(AgentEffect effect) throws InterruptedException {
        switch (effect) {
            case AgentEffect.Note note -> LOG.info("{}: {}", host.vm(), note.text());
            case AgentEffect.Trouble trouble -> LOG.warn("{}: {}", host.vm(), trouble.text());
            case AgentEffect.Send send -> {
                if (connection != null) {
                    link.says(send.message());
                    connection.send(send.message());
                }
            }
            case AgentEffect.SendAfterEpochs send -> {
                if (connection != null) {
                    connection.sendInOrder(send.message());
                }
            }
            case AgentEffect.CloseConnection close -> {
                if (connection != null) {
                    connection.close(close.reason());
                }
            }
            default -> {
                if (effect instanceof AgentEffect.Ship) {
                    // What was said of the memory before is not so any more; if it is, it is said again.
                    events.removeIf(WorkerEvent.DisksFill.class::isInstance);
                }
                turn.mayTake(longWorkNanos);
                hands.carryOut(effect, connection, arrived).ifPresent(answers::add);
                turn.asUsual();
            }
        }
    }

    // ---- the end

    private void detach() {
        link.close();
        try {
            tell(new AgentEvent.End());
            while (connection != null) {
                connection.close("the agent ends");
                WorkerEvent event = events.poll(END_WAIT_MS, TimeUnit.MILLISECONDS);
                if (event == null) {
                    break;
                }
                giveBack(event);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        events.forEach(this::giveBack);
        volumes.close();
        host.close();
    }

    /** What is left of an event when nothing is done any more: its memory. */
    private void giveBack(WorkerEvent event) {
        switch (event) {
            case WorkerEvent.EpochArrived came -> came.epoch().close();
            case WorkerEvent.Shipped shipped -> shipped.epoch().close();
            case WorkerEvent.Closed closed -> connection = null;
            default -> {}
        }
    }

    /** How many messages of the gateway were not in order. */
    long wrongMessages() {
        return link.wrongMessages();
    }

    /** Ends the worker; the VM runs on. */
    @Override
    public void close() {
        events.add(new WorkerEvent.Quit());
        try {
            if (!thread.join(Duration.ofMillis(JOIN_MS))) {
                LOG.error("{}: the agent does not end", host.vm());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
