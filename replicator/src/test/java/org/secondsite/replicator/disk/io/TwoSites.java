package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.VolumeSettings;

/**
 * A VM's disks at two sites, and the chains of epochs between them, as two agents would have them: without sockets between the sites,
 * without a hypervisor, and each with its own files, which a kill leaves as they are.
 */
final class TwoSites implements AutoCloseable {
    static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final long COPY_BYTES = 2 << 20;

    private final Path directory;
    private final int bytes;
    private final SplittableRandom dice;
    private final Site[] sites = new Site[2];
    private final Deque<DiskTalk> questions = new ArrayDeque<>();

    private int owner;
    private long term = 1;
    private long number;
    private EpochId chain = EpochId.NONE;
    private EpochId last = EpochId.NONE;
    private boolean whole;

    /** What is done to an image while no process has it. */
    interface Between {
        void run(Path image) throws IOException;
    }

    /** One of the two. */
    private final class Site {
        private final String name;
        private int lives;
        private VmVolumes volumes;
        private NbdClient client;

        Site(String name) throws IOException {
            this.name = name;
            Files.createDirectories(place());
            try (RandomAccessFile image = new RandomAccessFile(image().toFile(), "rw")) {
                image.setLength(bytes);
            }
            volumes = VmVolumes.open(VM, settings(), COPY_BYTES, System::nanoTime);
        }

        Path place() {
            return directory.resolve(name + lives);
        }

        Path image() {
            return place().resolve("d.raw");
        }

        private VolumeSettings settings() {
            return new VolumeSettings(
                    List.of(new VolumeSettings.Served("d", image(), place().resolve("s"))),
                    place().resolve("state"),
                    Durability.DISK,
                    VolumeSettings.USUAL_MEMORY_BYTES,
                    0);
        }

        NbdClient client() throws IOException {
            if (client == null) {
                client = NbdClient.connect(place().resolve("s"), "vm1.d");
            }
            return client;
        }

        void disconnect() throws IOException {
            if (client != null) {
                client.close();
                client = null;
            }
        }

        /** A process ends in order, something is done to what it leaves, and another one takes it up. */
        void restart(Between between) throws IOException {
            disconnect();
            volumes.close();
            between.run(image());
            volumes = VmVolumes.open(VM, settings(), COPY_BYTES, System::nanoTime);
        }

        /** What a process that is killed leaves is taken up by another one. */
        void kill() throws IOException {
            Path before = place();
            lives++;
            copy(before, place());
            disconnect();
            volumes.close();
            volumes = VmVolumes.open(VM, settings(), COPY_BYTES, System::nanoTime);
        }
    }

    TwoSites(Path directory, int bytes, SplittableRandom dice) throws IOException {
        this.directory = directory;
        this.bytes = bytes;
        this.dice = dice;
        sites[0] = new Site("a");
        sites[1] = new Site("b");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else if (Files.isRegularFile(file)) {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    VmVolumes ownerDisks() {
        return sites[owner].volumes;
    }

    VmVolumes standbyDisks() {
        return sites[1 - owner].volumes;
    }

    NbdClient standbyClient() throws IOException {
        return sites[1 - owner].client();
    }

    Path ownerImage() {
        return sites[owner].image();
    }

    Path standbyImage() {
        return sites[1 - owner].image();
    }

    boolean isWhole() {
        return whole;
    }

    EpochId last() {
        return last;
    }

    /** The VM writes at the owner. */
    void write(int times) throws IOException {
        writeThere(sites[owner].client(), times);
    }

    void writeThere(NbdClient client, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            byte[] content = new byte[1 + dice.nextInt(9000)];
            dice.nextBytes(content);
            client.write(i, dice.nextInt(bytes - content.length), content);
            assertEquals(0, client.answer().error());
        }
    }

    // ---- chains -------------------------------------------------------------------------------------------------

    /** A chain begins, after the two have talked about their disks. */
    void beginChain() throws IOException {
        chain = new EpochId(term, number + 1);
        whole = false;
        last = EpochId.NONE;
        questions.clear();
        ownerDisks().beginCapture();
        for (DiskTalk answer : standbyDisks().heard(new DiskTalk.Ask(chain))) {
            questions.addAll(ownerDisks().heard(answer));
        }
        talk(false);
    }

    /** A chain begins with an end that knows nothing of such talk. */
    void beginChainSilently() {
        chain = new EpochId(term, number + 1);
        whole = false;
        last = EpochId.NONE;
        questions.clear();
        ownerDisks().beginCapture();
    }

    /** Hashes are asked for only when the chain has begun at the standby: see VmAgent. */
    private void talk(boolean begun) throws IOException {
        Deque<DiskTalk> later = new ArrayDeque<>();
        while (!questions.isEmpty()) {
            DiskTalk question = questions.remove();
            boolean hashes =
                    question instanceof DiskTalk.Query query && query.part().question() == DiskPart.Question.HASHES;
            if (hashes && !begun) {
                later.add(question);
                continue;
            }
            for (DiskTalk answer : standbyDisks().heard(question)) {
                questions.addAll(ownerDisks().heard(answer));
            }
        }
        questions.addAll(later);
    }

    /** The next epoch comes to be at the standby. */
    CarriedDisks epoch() throws IOException {
        CarriedDisks disks = keep(cut());
        talk(true);
        return disks;
    }

    /** An epoch that is on its way. */
    record Shipped(EpochHeader header, List<VolumeChanges> changes) {}

    Shipped cut() throws IOException {
        ownerDisks().copyAhead();
        ownerDisks().cut();
        EpochId id = new EpochId(term, ++number);
        EpochHeader header =
                new EpochHeader(VM, id, last, RAM_BYTES, ownerDisks().cutDisks());
        last = id;
        return new Shipped(header, ownerDisks().take(id));
    }

    CarriedDisks keep(Shipped epoch) throws IOException {
        try {
            standbyDisks().keep(epoch.header(), epoch.changes());
        } finally {
            epoch.changes().forEach(VolumeChanges::close);
        }
        whole = epoch.header().disks().isWhole();
        return epoch.header().disks();
    }

    /** The chain goes on until the standby has all of it. */
    void copy() throws IOException {
        for (CarriedDisks after = epoch(); !after.isWhole(); after = epoch()) {
            write(3);
        }
    }

    /** The owner is told, and its dirty map is read against a later epoch. */
    void acknowledge() throws IOException {
        ownerDisks().acknowledged(last);
        ownerDisks().awaitSettled();
    }

    // ---- what happens -------------------------------------------------------------------------------------------

    void killOwner() throws IOException {
        sites[owner].kill();
    }

    void killStandby() throws IOException {
        sites[1 - owner].kill();
    }

    void restartOwner(Between between) throws IOException {
        sites[owner].restart(between);
    }

    void restartStandby(Between between) throws IOException {
        sites[1 - owner].restart(between);
    }

    /** The standby becomes the owner, at the epoch that it has; what the former one has written since is lost. */
    void failOver() throws IOException, InterruptedException {
        standbyDisks().activate();
        sites[owner].disconnect();
        sites[owner].volumes.vmGone();
        owner = 1 - owner;
        term++;
        number = 0;
        whole = false;
    }

    @Override
    public void close() throws IOException {
        for (Site site : sites) {
            if (site != null) {
                site.disconnect();
                site.volumes.close();
            }
        }
    }
}
