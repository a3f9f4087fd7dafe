package mastery.launcher;

import java.util.Iterator;
import mastery.launcher.curriculum.Curriculum;
import mastery.launcher.curriculum.Example;
import mastery.launcher.curriculum.LearningPath;
import mastery.launcher.curriculum.Topic;

/** The words that shell completion offers; they are read only when they are asked for. */
final class Candidates {

    private Candidates() {}

    static final class Examples implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Curriculum.read(Home.directory()).examples().stream()
                    .map(Example::simpleName)
                    .sorted()
                    .iterator();
        }
    }

    static final class Topics implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Curriculum.read(Home.directory()).topics().stream()
                    .map(Topic::path)
                    .iterator();
        }
    }

    static final class Paths implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return LearningPath.all(Curriculum.read(Home.directory())).stream()
                    .map(LearningPath::name)
                    .iterator();
        }
    }

    static final class Engines implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return EngineName.all().iterator();
        }
    }

    static final class Sources implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return RunCommand.SOURCES.iterator();
        }
    }
}
