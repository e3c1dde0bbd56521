package org.secondsite.replicator.agent.io;

import java.util.function.Consumer;
import org.secondsite.replicator.agent.HaltedException;
import org.secondsite.replicator.agent.VmNews;

/** What happens to a QEMU VM by itself, brought to whoever listens. Any thread. */
final class QemuNews {
    private Consumer<VmNews> listener = news -> {};
    /** Why QEMU has halted the VM, null if it has not. */
    private String halt;

    /** Whom to tell from now on, and at once that the VM is halted, if it is. */
    synchronized void listen(Consumer<VmNews> told) {
        listener = told;
        if (halt != null) {
            told.accept(new VmNews.Halted(halt));
        }
    }

    synchronized void tell(VmNews news) {
        listener.accept(news);
    }

    synchronized void halted(String reason) {
        halt = reason;
        listener.accept(new VmNews.Halted(reason));
    }

    synchronized void resumed() {
        halt = null;
        listener.accept(new VmNews.Resumed());
    }

    synchronized boolean isHalted() {
        return halt != null;
    }

    synchronized void refuseIfHalted() throws HaltedException {
        if (halt != null) {
            throw new HaltedException(halt);
        }
    }
}
