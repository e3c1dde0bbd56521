package org.secondsite.replicator.agent.io;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.secondsite.config.VmId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.io.TermMemory;
import org.secondsite.net.life.Ending;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.disk.io.VmVolumes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent beside a hypervisor: for each of its VMs it keeps a connection to the gateway and does what that says.
 *
 * <p>The VMs outlive it: closing it, or its death, stops none; an agent that starts anew finds them. Whatever one of its threads
 * throws, and a thread that hangs, is its death.
 */
public final class CheckpointAgent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointAgent.class);
    private static final int CLOSE_WAIT_SECONDS = 5;

    private final Life life;
    private final EventLoopGroup loop;
    private final GatewayDoor door;
    private final AgentTiming timing;
    private final Optional<Path> stateDirectory;
    private final Map<VmId, Seated> seated = new LinkedHashMap<>();
    private boolean closed;

    /** A VM's place on this host, and its disks. */
    private record Place(VmHost host, VmVolumes volumes) {}

    /** Opens a VM's place. */
    private interface Opening {
        Place open() throws IOException;
    }

    /**
     * What an agent is to have of a VM.
     *
     * @param settings two seats with equal ones are the same
     */
    private record Seat(VmId vm, Object settings, Opening opening) {}

    private record Seated(Seat seat, VmWorker worker) {}

    /** Takes back a step. */
    private interface Undo {
        void undo() throws IOException;
    }

    private CheckpointAgent(GatewayDoor door, AgentTiming timing, Optional<Path> stateDirectory, Life life) {
        this.door = door;
        this.timing = timing;
        this.stateDirectory = stateDirectory;
        this.life = life;
        loop = new LivingLoop("agent-io", life, EpollIoHandler.newFactory());
    }

    /**
     * Starts an agent for QEMU VMs, whether they run already or not, and whether the gateway is there or not.
     *
     * @param ending what follows when one of its threads fails or hangs
     * @throws IOException if a directory cannot be made, a certificate's files are unusable, or what is remembered cannot be read
     */
    public static CheckpointAgent open(AgentSettings settings, Ending ending) throws IOException {
        Life life = Life.start("agent", ending, Life.USUAL_LIMIT_NANOS);
        return begin(settings.gateway(), seats(settings.vms()), AgentTiming.USUAL, settings.stateDirectory(), life);
    }

    private static List<Seat> seats(List<VmSettings> vms) {
        return vms.stream().map(vm -> new Seat(vm.id(), vm, () -> place(vm))).toList();
    }

    private static Place place(VmSettings vm) throws IOException {
        // A hypervisor whose disk server is away answers nothing: its disks come first.
        VmVolumes volumes = VmVolumes.open(vm.id(), vm.volumes());
        return new Place(QemuHost.open(vm), volumes);
    }

    /**
     * Starts an agent for VMs of any kind. The hosts are the agent's from here on, and closed with it.
     *
     * @throws IOException if a certificate's files are unusable
     */
    public static CheckpointAgent open(GatewayAccess gateway, List<? extends VmHost> hosts, AgentTiming timing)
            throws IOException {
        return open(gateway, hosts, timing, Life.unwatched("agent"));
    }

    /**
     * The same with a life, which is the agent's from here on, and closed with it.
     *
     * @throws IOException if a certificate's files are unusable
     */
    public static CheckpointAgent open(
            GatewayAccess gateway, List<? extends VmHost> hosts, AgentTiming timing, Life life) throws IOException {
        return open(gateway, hosts, timing, Optional.empty(), life);
    }

    /**
     * The same with a memory.
     *
     * @param stateDirectory where it remembers which terms it was told of; empty: nowhere
     * @throws IOException if a certificate's files are unusable, or what is remembered cannot be read
     */
    public static CheckpointAgent open(
            GatewayAccess gateway,
            List<? extends VmHost> hosts,
            AgentTiming timing,
            Optional<Path> stateDirectory,
            Life life)
            throws IOException {
        List<Seat> seats = hosts.stream().map(CheckpointAgent::seat).toList();
        return begin(gateway, seats, timing, stateDirectory, life);
    }

    private static Seat seat(VmHost host) {
        return new Seat(host.vm(), host, () -> new Place(host, VmVolumes.none(host.vm())));
    }

    private static CheckpointAgent begin(
            GatewayAccess gateway, List<Seat> seats, AgentTiming timing, Optional<Path> stateDirectory, Life life)
            throws IOException {
        CheckpointAgent agent = null;
        try {
            if (stateDirectory.isPresent()) {
                PrivateFiles.directory(stateDirectory.get());
            }
            agent = new CheckpointAgent(GatewayDoor.of(gateway), timing, stateDirectory, life);
            agent.take(seats);
            return agent;
        } catch (IOException | RuntimeException e) {
            life.close();
            if (agent != null) {
                agent.close();
            }
            throw e;
        }
    }

    /**
     * Has these VMs from now on. One whose settings are as they were is not touched; with one that is altered it begins anew, as after a
     * start of the agent; one that is not among them any more runs on, and is nothing to the agent.
     *
     * @throws IOException if one of them cannot be had; the agent has those from before then
     */
    public void alter(List<VmSettings> vms) throws IOException {
        take(seats(vms));
    }

    /** The same with VMs of any kind. */
    void alterHosts(List<? extends VmHost> hosts) throws IOException {
        take(hosts.stream().map(CheckpointAgent::seat).toList());
    }

    private synchronized void take(List<Seat> wanted) throws IOException {
        if (closed) {
            throw new IOException("the agent ends");
        }
        Deque<Undo> steps = new ArrayDeque<>();
        try {
            for (Seat seat : wanted) {
                Seated present = seated.get(seat.vm());
                if (present == null || !present.seat().settings().equals(seat.settings())) {
                    if (present != null) {
                        leave(seat.vm());
                        steps.push(() -> sit(present.seat()));
                    }
                    sit(seat);
                    steps.push(() -> leave(seat.vm()));
                }
            }
        } catch (IOException e) {
            undo(steps, e);
            throw e;
        }
        Set<VmId> names = wanted.stream().map(Seat::vm).collect(Collectors.toSet());
        for (VmId gone : List.copyOf(seated.keySet())) {
            if (!names.contains(gone)) {
                leave(gone);
            }
        }
    }

    private static void undo(Deque<Undo> steps, IOException why) {
        for (Undo step : steps) {
            try {
                step.undo();
            } catch (IOException e) {
                LOG.error("what was there before cannot be had again: the agent has to be restarted", e);
                why.addSuppressed(e);
            }
        }
    }

    private void sit(Seat seat) throws IOException {
        Optional<TermMemory> memory = memory(seat.vm());
        Place place;
        try {
            place = seat.opening().open();
        } catch (IOException | RuntimeException e) {
            memory.ifPresent(TermMemory::close);
            throw e;
        }
        VmWorker worker = new VmWorker(place.host(), place.volumes(), memory, door, timing, loop, life);
        seated.put(seat.vm(), new Seated(seat, worker));
        worker.start();
    }

    /** What is remembered of a VM's terms; nothing without a directory. */
    private Optional<TermMemory> memory(VmId vm) throws IOException {
        return stateDirectory.isPresent()
                ? Optional.of(TermMemory.open(stateDirectory.get().resolve(vm + ".term")))
                : Optional.empty();
    }

    private void leave(VmId vm) {
        seated.remove(vm).worker().close();
    }

    /** How many connections ended because the gateway said what has no place there. */
    public synchronized long wrongMessages() {
        return seated.values().stream()
                .mapToLong(one -> one.worker().wrongMessages())
                .sum();
    }

    @Override
    public void close() {
        life.close();
        synchronized (this) {
            closed = true;
            List.copyOf(seated.keySet()).forEach(this::leave);
        }
        loop.shutdownGracefully(0, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
