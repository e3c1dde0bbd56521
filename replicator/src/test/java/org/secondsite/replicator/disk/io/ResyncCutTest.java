package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.config.EpochId;

/**
 * A resync ends at each of its steps in turn: the line is cut, or one of the two dies. Whatever the standby has then is the whole epoch
 * from before, or after, or known to be none, and nobody can start the VM on that; and the next resync mends it.
 */
class ResyncCutTest {
    private static final int BYTES = (3 << 20) + 5000;
    private static final long COPY_BYTES = 512 << 10;

    private static final List<Fate> FATES = List.of(Fate.values());

    @TempDir
    Path directory;

    /** What has to be copied, and how that is known. */
    enum Resync {
        /** A few blocks that maps name: one epoch brings them. */
        LITTLE {
            @Override
            void prepare(TwoSites sites) throws IOException {
                sites.write(2);
            }
        },
        /** Most of the disk, named by maps: several epochs overwrite the image. */
        MUCH {
            @Override
            void prepare(TwoSites sites) throws IOException {
                sites.write(40);
            }
        },
        /** What differs by its hash: somebody has edited the standby's image. */
        BY_HASHES {
            @Override
            void prepare(TwoSites sites) throws IOException {
                sites.write(5);
                sites.restartStandby(image -> {
                    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                        file.seek(2 << 20);
                        file.write(new byte[] {9, 9, 9});
                    }
                });
            }
        },
        /** Everything: the other end does not speak of its disks. */
        ALL {
            @Override
            void prepare(TwoSites sites) throws IOException {
                sites.write(5);
            }

            @Override
            void beginChain(TwoSites sites) {
                sites.beginChainSilently();
            }
        };

        abstract void prepare(TwoSites sites) throws IOException;

        void beginChain(TwoSites sites) throws IOException {
            sites.beginChain();
        }
    }

    /** What happens at a step. */
    private enum Fate {
        LINE_IS_CUT,
        STANDBY_DIES,
        OWNER_DIES,
        /** The owner's whole site dies, and the standby takes over if it can. */
        SITE_DIES
    }

    /** Ends a chain. */
    private static final class CutOff extends IOException {
        private static final long serialVersionUID = 1;
    }

    @ParameterizedTest
    @EnumSource
    void atEveryStepTheStandbyIsAWholeEpochOrKnownToBeNoneAndTheNextResyncMendsIt(Resync resync) throws Exception {
        SplittableRandom fates = new SplittableRandom(6);
        int step = 1;
        // What a standby leaves that dies is looked at in each of them; what else happens there is drawn.
        while (isCutAt(step, resync, FATES.get(fates.nextInt(FATES.size())))) {
            step++;
        }
        assertTrue(step > 3, "a resync of " + step + " steps");
    }

    /** Whether the resync had so many steps. */
    private boolean isCutAt(int step, Resync resync, Fate fate) throws Exception {
        Path place = Files.createTempDirectory(directory, "case");
        String which = resync + ", step " + step + ", " + fate;
        SplittableRandom dice = new SplittableRandom(step);
        try (TwoSites sites = new TwoSites(place, BYTES, COPY_BYTES, dice)) {
            Map<EpochId, byte[]> whole = new HashMap<>();
            sites.write(40);
            sites.beginChain();
            sites.copy();
            sites.acknowledge();
            whole.put(sites.last(), Files.readAllBytes(sites.ownerImage()));
            resync.prepare(sites);
            EpochId before = sites.standbyDisks().kept();
            if (!cutAt(step, resync, sites)) {
                return false;
            }
            // The owner's image is that of each of its epochs that came there whole: nobody writes but between two of
            // them.
            if (!sites.standbyDisks().kept().equals(before)) {
                whole.put(sites.standbyDisks().kept(), Files.readAllBytes(sites.ownerImage()));
            }
            EpochId kept = requireWholeOrNone(sites, place.resolve("probe"), whole, which);
            switch (fate) {
                case LINE_IS_CUT -> {}
                case STANDBY_DIES -> sites.killStandby();
                case OWNER_DIES -> sites.killOwner();
                case SITE_DIES -> {
                    if (!kept.equals(EpochId.NONE)) {
                        sites.killOwner();
                        sites.failOver();
                        sites.write(3);
                    }
                }
            }
            sites.beginChain();
            sites.copy();
            sites.failOver();
            assertEquals(-1, Files.mismatch(sites.ownerImage(), sites.standbyImage()), which);
            return true;
        }
    }

    private static boolean cutAt(int step, Resync resync, TwoSites sites) throws IOException {
        int[] left = {step};
        sites.atEachStep(() -> {
            if (--left[0] == 0) {
                throw new CutOff();
            }
        });
        try {
            resync.beginChain(sites);
            sites.copy();
            return false;
        } catch (CutOff ended) {
            return true;
        } finally {
            sites.atEachStep(() -> {});
        }
    }

    /** What the standby has, to itself and to a process that finds its files after a kill. */
    private static EpochId requireWholeOrNone(TwoSites sites, Path probe, Map<EpochId, byte[]> whole, String which)
            throws Exception {
        EpochId kept = sites.standbyDisks().kept();
        try (VmVolumes found = sites.standbyAfterAKill(probe)) {
            assertEquals(kept, found.kept(), which);
            if (kept.equals(EpochId.NONE)) {
                assertThrows(IOException.class, found::activate, which);
                assertFalse(Files.exists(probe.resolve("s")), which);
            } else {
                found.activate();
                assertArrayEquals(whole.get(kept), Files.readAllBytes(TwoSites.imageIn(probe)), which);
            }
        }
        return kept;
    }
}
