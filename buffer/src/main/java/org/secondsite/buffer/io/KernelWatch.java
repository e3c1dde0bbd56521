package org.secondsite.buffer.io;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.kernel.KernelState;
import org.secondsite.net.linux.Libc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the kernel state as it must be: a thread that looks at the interfaces often and cheaply, and at the rules now
 * and then.
 *
 * <p>When an interface has gone, it waits. When one has come back, or something is wrong, the state is installed
 * again, verified, and the ports are bound anew. Held packets are not touched by any of this.
 */
final class KernelWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KernelWatch.class);
    private static final int LOOK_MILLIS = 100;
    private static final int LOOKS_PER_VERIFICATION = 50;

    private final KernelState state;
    private final DataPlaneListener listener;
    private final Libc libc = new Libc();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<String> names;
    private PlaneThreads threads;
    private Thread thread;
    private List<Integer> good;
    private volatile List<InetAddress> elsewhere = List.of();
    private Optional<List<InetAddress>> askedFor = Optional.empty();
    private volatile boolean down;
    private volatile String told = "";
    private String notReached = "";

    KernelWatch(KernelState state, DataPlaneListener listener) {
        this.state = state;
        this.listener = listener;
        names = state.interfaces();
        good = look();
    }

    /** The state is for other VMs from now on. */
    void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        state.confine(vms, closed);
    }

    /** VMs of these addresses are at other sites; seen to at the next look. */
    void elsewhere(List<InetAddress> addresses) {
        elsewhere = List.copyOf(addresses);
    }

    /** Starts to watch for a data plane that runs. */
    void start(PlaneThreads watched) {
        threads = watched;
        thread = Thread.ofPlatform()
                .name("buffer-watch-" + names.getFirst())
                .daemon()
                .unstarted(this::run);
        thread.start();
    }

    @Override
    public void close() {
        closing.countDown();
        if (thread != null && thread != Thread.currentThread() && !PlaneThreads.ended(thread)) {
            LOG.warn("{}: the watch does not end", names.getFirst());
        }
    }

    private void run() {
        int looks = 0;
        try {
            while (!closing.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                boolean changed = !look().equals(good);
                looks++;
                boolean isTime = looks % LOOKS_PER_VERIFICATION == 0;
                if (changed || down || isTime) {
                    verify();
                }
                reachOthers(isTime);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** When it is said where VMs are, and for as long as any are at other sites again and again: routers come and go. */
    private void reachOthers(boolean isTime) {
        List<InetAddress> addresses = elsewhere;
        boolean isNews = askedFor.filter(addresses::equals).isEmpty();
        boolean isDue = isTime && !(addresses.isEmpty() && notReached.isEmpty());
        if (!isNews && !isDue) {
            return;
        }
        askedFor = Optional.of(addresses);
        try {
            state.elsewhere(addresses);
            notReached = "";
        } catch (IOException e) {
            if (!notReached.equals(e.getMessage())) {
                notReached = String.valueOf(e.getMessage());
                LOG.warn("{}: VMs at other sites may not be reached from here: {}", names.getFirst(), notReached);
            }
        }
    }

    private void verify() {
        List<Integer> now = look();
        try {
            if (now.getFirst() <= 0) {
                trouble(names.getFirst() + " is down or gone");
                return;
            }
            List<String> problems = state.problems();
            if (!problems.isEmpty()) {
                trouble(String.join("; ", problems));
                state.install();
                problems = state.problems();
            }
            if (!problems.isEmpty()) {
                trouble(String.join("; ", problems));
                return;
            }
        } catch (IOException e) {
            trouble(e.getMessage());
            return;
        }
        if (down || !now.equals(good)) {
            good = look();
            threads.rebind(this::recovered);
        }
    }

    private void trouble(String reason) {
        down = true;
        if (!reason.equals(told)) {
            told = reason;
            LOG.error("{}: {}", names.getFirst(), reason);
            listener.portDown(names.getFirst(), reason);
        }
    }

    /** On the data-plane thread. */
    private void recovered() {
        down = false;
        told = "";
        LOG.info("{}: the kernel state is as it must be again", names.getFirst());
        listener.portUp(names.getFirst());
    }

    /** Index of each interface; 0 when it is down, negative when it is gone. */
    private List<Integer> look() {
        List<Integer> seen = new ArrayList<>();
        for (String name : names) {
            int index = libc.interfaceIndex(name);
            seen.add(index > 0 && !libc.interfaceIsUp(name) ? 0 : index);
        }
        return seen;
    }
}
