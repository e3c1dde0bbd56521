package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Comparator;
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
    private static final int MAX_EPOCHS = 1_000;
    private static final String SUPERBLOCK = ".super";

    private final Path directory;
    private final int bytes;
    private final long copyBytes;
    private final SplittableRandom dice;
    private final Site[] sites = new Site[2];
    private final Deque<DiskTalk> questions = new ArrayDeque<>();

    private int owner;
    private long term = 1;
    private long number;
    private EpochId chain = EpochId.NONE;
    private EpochId last = EpochId.NONE;
    private boolean whole;
    private Steps steps = () -> {};

    /** Told after each step of a chain, of the talk before it too; ends the chain by throwing. */
    interface Steps {
        void stepped() throws IOException;
    }

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
            volumes = take(place());
        }

        Path place() {
            return directory.resolve(name + lives);
        }

        Path image() {
            return imageIn(place());
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
            volumes = take(place());
        }

        /** What a process that is killed leaves is taken up by another one. */
        void kill() throws IOException {
            Path before = place();
            lives++;
            copy(before, place());
            disconnect();
            volumes.close();
            volumes = take(place());
        }
    }

    TwoSites(Path directory, int bytes, SplittableRandom dice) throws IOException {
        this(directory, bytes, COPY_BYTES, dice);
    }

    /** With so many bytes of a copy in an epoch. */
    TwoSites(Path directory, int bytes, long copyBytes, SplittableRandom dice) throws IOException {
        this.directory = directory;
        this.bytes = bytes;
        this.copyBytes = copyBytes;
        this.dice = dice;
        sites[0] = new Site("a");
        sites[1] = new Site("b");
    }

    private VmVolumes take(Path place) throws IOException {
        VolumeSettings settings = new VolumeSettings(
                List.of(new VolumeSettings.Served("d", imageIn(place), place.resolve("s"))),
                place.resolve("state"),
                Durability.DISK,
                VolumeSettings.USUAL_MEMORY_BYTES,
                0);
        return VmVolumes.open(VM, settings, copyBytes, System::nanoTime);
    }

    static Path imageIn(Path place) {
        return place.resolve("d.raw");
    }

    /** The files of one moment: what is applied in the background is in the journal until a superblock says so. */
    private static void copy(Path from, Path to) throws IOException {
        do {
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : files.sorted(Comparator.comparing(f -> !isSuperblock(f)))
                        .toList()) {
                    Path target = to.resolve(from.relativize(file).toString());
                    if (Files.isRegularFile(file)) {
                        Files.createDirectories(target.getParent());
                        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
        } while (superblocksDiffer(from, to));
    }

    private static boolean isSuperblock(Path file) {
        return file.toString().endsWith(SUPERBLOCK);
    }

    private static boolean superblocksDiffer(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(TwoSites::isSuperblock).toList()) {
                if (Files.mismatch(file, to.resolve(from.relativize(file).toString())) >= 0) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Takes up a copy of what the standby's process would leave if it died now, as another one would. */
    VmVolumes standbyAfterAKill(Path place) throws IOException {
        copy(sites[1 - owner].place(), place);
        return take(place);
    }

    void atEachStep(Steps told) {
        steps = told;
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
        steps.stepped();
        hear(new DiskTalk.Ask(chain));
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
            hear(question);
        }
        questions.addAll(later);
    }

    private void hear(DiskTalk question) throws IOException {
        for (DiskTalk answer : standbyDisks().heard(question)) {
            steps.stepped();
            questions.addAll(ownerDisks().heard(answer));
            steps.stepped();
        }
    }

    /** The next epoch comes to be at the standby. */
    CarriedDisks epoch() throws IOException {
        CarriedDisks disks = keep(cut());
        steps.stepped();
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
        Shipped shipped = new Shipped(header, ownerDisks().take(id));
        questions.addAll(ownerDisks().questions());
        try {
            steps.stepped();
        } catch (IOException ended) {
            shipped.changes().forEach(VolumeChanges::close);
            throw ended;
        }
        return shipped;
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
        int epochs = 0;
        for (CarriedDisks after = epoch(); !after.isWhole(); after = epoch()) {
            assertTrue(epochs++ < MAX_EPOCHS, "the copy does not come to an end");
            write(3);
        }
    }

    /** The owner is told, and its dirty map is read against a later epoch. */
    void acknowledge() throws IOException {
        ownerDisks().acknowledged(last);
        ownerDisks().owner().awaitSettled();
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
