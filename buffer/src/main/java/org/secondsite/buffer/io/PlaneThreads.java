package org.secondsite.buffer.io;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.secondsite.buffer.Arrival;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.Histogram;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.io.ring.FrameSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.linux.ThreadPriority;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of every mode: two threads around an {@link EpochBuffer}.
 *
 * <p>The <em>data-plane thread</em> is the buffer's arrival side. It reads frames, asks the classifier whose they
 * are, appends them, and executes the commands, between two frames and in the order in which they were given. The
 * <em>release thread</em> is the other side: it sends what may leave, lane by lane in turn, a batch at a time.
 *
 * <p><b>Sealing.</b> A seal first reads what the port already has, within a bound, so that packets need not wait an
 * epoch longer than they must; then it closes the epoch. A frame that comes later is appended behind the seal because
 * this thread appends it later. No assumption about the port's speed is needed.
 *
 * <p><b>Fencing.</b> The release thread holds {@code way} while it touches the buffer, which is one batch. A fence
 * takes it, empties the lane, and only then reports: no frame of this VM is on its way through this process any more.
 *
 * <p><b>Failure.</b> Whatever a thread throws, in a command or its continuation too, stops both, and nothing is flushed; the
 * kernel state that keeps the way closed is not ours to undo here. Who decides is told, and proves its life by the {@link
 * #turns} of both.
 */
public final class PlaneThreads implements DataPlane {
    private static final Logger LOG = LoggerFactory.getLogger(PlaneThreads.class);

    /** Frames read between two looks at the command queue. */
    private static final int COMMAND_STRIDE = 64;

    /** Frames that a seal reads at most before it closes the epoch: about a millisecond, while the VM is paused. */
    private static final int SEAL_READS = 1024;

    /** A frame from this length on stays in the port's memory: copying a shorter one costs less than keeping book. */
    private static final int LENT_BYTES = 4096;

    /** Blocks of the port that are made free at most between two looks at the command queue. */
    private static final int MOVED_BLOCKS = 32;

    /** The longest wait of an idle thread: how often it proves at least that it lives, and does not stand still. */
    private static final int MAX_IDLE_MILLIS = 20;

    /** A standstill counts from two or three heartbeats on; so each thread turns round twice or more between two of them. */
    private static final int TURNS_PER_STANDSTILL = 6;

    /** How long a VM that is dismissed may take to send what may leave. */
    private static final long DRAIN_NANOS = 1_000_000_000L;

    private static final long DRAIN_LOOK_NANOS = 2_000_000L;
    private static final int COMMAND_SECONDS = 5;

    /** Time between two looks at the fill levels. */
    private static final long PRESSURE_NANOS = 2_000_000;

    private final PlaneParts parts;
    private final Lanes lanes;
    private final EpochBuffer buffer;
    /** The plane's thread's. */
    private FrameClassifier classifier;

    private final FrameSource source;
    private final Releaser releaser;
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final Thread arrivals;
    private final Turn turn;
    private final AtomicLong unprotected = new AtomicLong();
    private final AtomicLong malformed = new AtomicLong();
    private final DataPlaneListener listener;
    private final Histogram heldMicros = new Histogram();
    private final Histogram epochBytes = new Histogram();
    private long nextPressureNanos = System.nanoTime();

    /** The block that {@link #moveScarce} makes free, which is one object because it runs on the way of packets. */
    private int scarce;

    private final BooleanSupplier moveScarce = this::moveScarce;
    private volatile int idleMillis = MAX_IDLE_MILLIS;
    private volatile boolean closing;
    private boolean closed;

    /**
     * Puts the parts together; {@link #start} starts the threads.
     *
     * @throws IllegalArgumentException if a VM's name is there twice
     */
    PlaneThreads(PlaneParts parts) {
        this.parts = parts;
        buffer = parts.buffer();
        lanes = new Lanes(parts.vms(), buffer.capacity());
        classifier = parts.classifier();
        source = parts.source();
        listener = parts.listener();
        releaser = new Releaser(parts.name(), buffer, parts.outlets(), listener);
        turn = new Turn("buffer-plane-" + parts.name());
        arrivals = Thread.ofPlatform().name(turn.toString()).unstarted(this::run);
    }

    void start() {
        releaser.start();
        arrivals.start();
        parts.watch().start(this);
    }

    @Override
    public void hold(VmId vm, long term) {
        int lane = lanes.of(vm);
        command(() -> note(buffer.hold(lane, term), "hold", lane, term));
    }

    @Override
    public void pass(VmId vm, long term) {
        int lane = lanes.of(vm);
        command(() -> {
            note(buffer.pass(lane, term), "pass", lane, term);
            releaser.signal();
        });
    }

    @Override
    public void seal(VmId vm, EpochId epoch, Runnable sealed) {
        int lane = lanes.of(vm);
        command(() -> {
            read(SEAL_READS);
            epochBytes.record(buffer.heldMemoryBytes(lane));
            note(buffer.seal(lane, epoch), "seal", lane, epoch);
            sealed.run();
        });
    }

    @Override
    public void commit(VmId vm, EpochId upTo) {
        int lane = lanes.of(vm);
        command(() -> {
            long nowNanos = System.nanoTime();
            long oldestNanos = buffer.oldestNanos(lane, nowNanos);
            note(buffer.commit(lane, upTo), "commit", lane, upTo);
            if (buffer.releasable(lane)) {
                heldMicros.record((nowNanos - oldestNanos) / 1000);
                releaser.committed(lane, nowNanos);
            }
        });
    }

    @Override
    public void fence(VmId vm, long term, Runnable fenced) {
        int lane = lanes.of(vm);
        command(() -> {
            note(releaser.keptOut(() -> buffer.fence(lane, term)), "fence", lane, term);
            fenced.run();
        });
    }

    @Override
    public void noticeStandstill(long nanos) {
        idleMillis = Math.clamp(nanos / TURNS_PER_STANDSTILL / 1_000_000, 1, MAX_IDLE_MILLIS);
        releaser.noticeStandstill(nanos, idleMillis);
    }

    @Override
    public List<Turn> turns() {
        return List.of(turn, releaser.turns());
    }

    @Override
    public void releaseAgain(VmId vm, long standstill) {
        releaser.releaseAgain(lanes.of(vm), standstill);
    }

    @Override
    public void suspend(VmId vm, long doubt) {
        releaser.suspend(lanes.of(vm), doubt);
    }

    @Override
    public void resume(VmId vm, long doubt) {
        releaser.resume(lanes.of(vm), doubt);
    }

    @Override
    public void admit(ProtectedVm vm) throws IOException {
        onThread(() -> {
            int lane = lanes.free(vm.id());
            if (!buffer.suits(Math.max(buffer.lanes(), lane + 1))) {
                throw new IllegalArgumentException("there is no room for VM " + vm.id() + " while the data plane runs");
            }
            FrameClassifier with = lanes.with(lane, vm, classifier);
            releaser.renew(lane);
            lanes.put(lane, vm);
            classifier = with;
        });
    }

    @Override
    public void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        parts.watch().confine(vms, closed);
    }

    @Override
    public void elsewhere(List<InetAddress> addresses) {
        parts.watch().elsewhere(addresses);
    }

    @Override
    public void dismiss(VmId vm) throws IOException {
        int lane = lanes.of(vm);
        long sinceNanos = System.nanoTime();
        while (buffer.releasable(lane) && System.nanoTime() - sinceNanos < DRAIN_NANOS) {
            LockSupport.parkNanos(DRAIN_LOOK_NANOS);
        }
        onThread(() -> {
            lanes.remove(lane);
            classifier = lanes.without(classifier);
            releaser.renew(lane);
        });
    }

    /** Has something done between two frames, and waits for that. */
    private void onThread(Runnable what) throws IOException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        command(() -> {
            try {
                what.run();
                done.complete(null);
            } catch (IllegalArgumentException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            done.get(COMMAND_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new IOException("the data plane has not done it within " + COMMAND_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public DataPlaneCounters counters() {
        Map<VmId, VmCounters> figures = new TreeMap<>();
        lanes.all().forEach((vm, lane) -> figures.put(vm, buffer.counters(lane)));
        return new DataPlaneCounters(
                figures,
                unprotected.get(),
                source.drops(),
                malformed.get() + source.truncated(),
                buffer.poolBytes(),
                buffer.poolFreeBytes(),
                releaser.commitToWireMicros(),
                heldMicros.summary(),
                epochBytes.summary());
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        parts.watch().close();
        closing = true;
        source.wake();
        releaser.stop();
        if (!ended(arrivals) || !releaser.ended()) {
            // Freeing memory under a running thread would crash the process; the process is ending anyway.
            LOG.error("the data plane's threads do not end; its memory stays");
            return;
        }
        buffer.close();
        source.close();
        releaser.closeOutlets();
        Closing.all(parts.owned());
    }

    /**
     * Binds all ports to their interfaces again; {@code done} runs on the data-plane thread when that has succeeded.
     */
    void rebind(Runnable done) {
        command(() -> {
            try {
                source.rebind();
                releaser.rebind();
                done.run();
            } catch (IOException e) {
                LOG.warn("a port cannot be bound again yet: {}", e.getMessage());
            }
        });
    }

    public static boolean ended(Thread thread) {
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    private void command(Runnable command) {
        commands.add(command);
        source.wake();
    }

    private void note(boolean done, String command, int lane, Object bound) {
        VmId vm = lanes.at(lane).id();
        if (done) {
            // Asked first, because the arguments would be garbage.
            if (LOG.isDebugEnabled()) {
                LOG.debug("{}: {} {}", vm, command, bound);
            }
        } else {
            LOG.warn(
                    "{}: {} {} refused, the highest term seen is {}",
                    vm,
                    command,
                    bound,
                    buffer.counters(lane).term());
        }
    }

    private void run() {
        ThreadPriority.prefer();
        turn.ranBy(Life.nativeThread());
        try {
            while (!closing) {
                turn.made();
                releaser.alive(System.nanoTime());
                execute();
                look();
                int count = read(COMMAND_STRIDE);
                makeRoom();
                if (count == 0 && commands.isEmpty() && !closing) {
                    source.await(idleMillis);
                }
            }
        } catch (Throwable e) {
            LOG.error("the data plane has failed; held packets are not released", e);
            releaser.stop();
            listener.failed(e);
            throw e;
        }
    }

    private void execute() {
        while (!closing) {
            Runnable command = commands.poll();
            if (command == null) {
                return;
            }
            command.run();
        }
    }

    /** Tells of fill levels that have changed. */
    private void look() {
        long nowNanos = System.nanoTime();
        if (nowNanos - nextPressureNanos < 0) {
            return;
        }
        nextPressureNanos = nowNanos + PRESSURE_NANOS;
        for (int lane = 0; lane < buffer.lanes(); lane++) {
            if (lanes.at(lane) != null && buffer.pressureChanged(lane)) {
                long ageNanos = nowNanos - buffer.oldestNanos(lane, nowNanos);
                listener.pressure(lanes.at(lane).id(), buffer.pressure(lane), buffer.heldMemoryBytes(lane), ageNanos);
            }
        }
    }

    /** Reads up to so many frames; returns how many there were. */
    private int read(int most) {
        int count = 0;
        boolean passed = false;
        long nowNanos = System.nanoTime();
        while (count < most && source.next()) {
            passed |= arrived(nowNanos);
            count++;
        }
        if (passed) {
            releaser.signal();
        }
        return count;
    }

    private boolean arrived(long nowNanos) {
        int header = source.headerBytes();
        long at = source.offset();
        int bytes = source.bytes();
        switch (classifier.classify(source.memory(), at + header, bytes - header)) {
            case OUTPUT -> {
                boolean passed = false;
                if (classifier.out()) {
                    passed = append(at, bytes, FrameClassifier.ROUTE_OUT, nowNanos);
                }
                if (classifier.back()) {
                    passed |= append(at, bytes, FrameClassifier.ROUTE_BACK, nowNanos);
                }
                return passed;
            }
            case SPOOFED -> buffer.spoofed(classifier.lane(), bytes);
            case UNPROTECTED -> unprotected.lazySet(unprotected.get() + 1);
            case MALFORMED -> malformed.lazySet(malformed.get() + 1);
            case ANSWERED -> {}
        }
        return false;
    }

    private boolean append(long at, int bytes, int route, long nowNanos) {
        Arrival arrival = bytes >= LENT_BYTES && source.lends()
                ? buffer.arriveLent(classifier.lane(), at, bytes, route, nowNanos)
                : buffer.arrive(classifier.lane(), source.memory(), at, bytes, route, nowNanos);
        return arrival == Arrival.PASSED;
    }

    /**
     * Moves lent frames out of the port's memory while that is scarce. What is on its way out is left to go, unless it
     * stays so long that frames would be lost.
     */
    private void makeRoom() {
        for (int moved = 0; moved < MOVED_BLOCKS && !closing; moved++) {
            int block = source.scarceBlock();
            if (block < 0) {
                return;
            }
            if (buffer.moveUncommitted(block) > 0) {
                if (!source.nearlyFull()) {
                    return;
                }
                scarce = block;
                boolean _ = releaser.keptOut(moveScarce);
            }
        }
    }

    private boolean moveScarce() {
        buffer.moveAll(scarce);
        return true;
    }
}
