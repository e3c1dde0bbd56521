package org.secondsite.bench.site;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.secondsite.appliance.Daemon;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.io.CheckpointAgent;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The hypervisor host of {@link SiteBenchCommand}: the product's agent, and VMs without a hypervisor that write a quarter of each of
 * so many pages between two checkpoints. Without one nobody tracks their pages: all of their RAM is compared with a copy while they are paused,
 * which is why it is small.
 */
@Command(name = "site-agents", hidden = true)
public final class SiteAgentsCommand implements Callable<Integer> {
    private static final int SLICES = 10;

    @Option(names = "--directory", required = true)
    private Path directory;

    @Option(names = "--site", required = true)
    private String site;

    @Option(names = "--gateway", required = true)
    private int gatewayPort;

    @Option(names = "--vms", required = true, split = ",")
    private List<String> names;

    @Option(names = "--ram-kib", required = true)
    private int ramKib;

    @Option(names = "--dirty-kib", required = true)
    private int dirtyKib;

    @Option(names = "--interval-ms", required = true)
    private int intervalMs;

    @Option(names = "--boot")
    private boolean boots;

    /** Runs it until the process is killed. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SiteAgentsCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        List<SyntheticVm> vms = names.stream()
                .map(name -> new SyntheticVm(new VmId(name), ramKib * 1024L))
                .toList();
        if (boots) {
            vms.forEach(SyntheticVm::boot);
        }
        ScheduledExecutorService work = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("work").daemon().factory());
        Guests guests = new Guests(vms);
        var _ = work.scheduleAtFixedRate(
                guests::work, 0, TimeUnit.MILLISECONDS.toMicros(intervalMs) / SLICES, TimeUnit.MICROSECONDS);
        Daemon.serve("agents", agent(vms), () -> {});
        return 0;
    }

    private CheckpointAgent agent(List<SyntheticVm> vms) throws IOException {
        AgentConfig.Proof proof = new AgentConfig.Proof(new SiteId(site), TlsFiles.in(directory, SiteFiles.host(site)));
        return CheckpointAgent.open(
                new GatewayAccess(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), gatewayPort), Optional.of(proof)),
                List.<VmHost>copyOf(vms),
                AgentTiming.USUAL);
    }

    /** What the guests do, a tenth of them at a time. */
    private final class Guests {
        private final List<SyntheticVm> vms;
        private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        private final byte[] written = new byte[PageSet.PAGE_BYTES / 4];
        private int slice;

        Guests(List<SyntheticVm> vms) {
            this.vms = vms;
        }

        void work() {
            for (int number = slice; number < vms.size(); number += SLICES) {
                var _ = vms.get(number).run((ram, registers) -> write(ram));
            }
            slice = (slice + 1) % SLICES;
        }

        private boolean write(MemorySegment ram) {
            long pages = ram.byteSize() / PageSet.PAGE_BYTES;
            for (int i = 0; i < dirtyKib * 1024 / PageSet.PAGE_BYTES; i++) {
                random.nextBytes(written);
                long at = random.nextLong(pages) * PageSet.PAGE_BYTES;
                MemorySegment.copy(MemorySegment.ofArray(written), 0, ram, at, written.length);
            }
            return true;
        }
    }
}
