package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.auditor.trail.TrailSearch.Found;
import dev.caisson.auditor.trail.TrailSearch.Page;
import dev.caisson.proto.events.v1.ContainerCreated;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

abstract class TrailSearchContract {

  private static final long FIRST = 1_700_000_000_000_000_000L;
  private static final long SECOND = 1_000_000_000L;

  private final FakeJournal journal =
      new FakeJournal("n1")
          .started()
          .life("web", "nginx")
          .sandboxCreated("db")
          .created("db", "postgres")
          .startFailed("db", "postgres")
          .denied("db");
  private FakeTrail trail;

  /** An empty trail. */
  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
    trail.store(journal.records());
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  @Test
  void findsEverythingOldestFirst() throws Exception {
    assertThat(seqs(search(any()).found())).hasSize(19).isSorted().startsWith(1L).endsWith(19L);
  }

  @ParameterizedTest
  @CsvSource({
    "default,'','','','','','',18",
    "other,'','','','','','',0",
    "'',n1,'','','','','',19",
    "'','',web,'','','','',11",
    "'','',uid-web,'','','','',11",
    "'','',web,nginx,'','','',7",
    "'','','',uid-db-postgres,'','','',4",
    "'','','','',uid:1000,'','',19",
    "'','','','',uid:0,'','',0",
    "'','','','','',dev.caisson.container.started.v1,'',1",
    "'','','','','',dev.caisson.container.,'',11",
    "'','','','','',dev.caisson.,'',19",
    "'','','','','','',FAILED,1",
    "'','','','','','',DENIED,1",
    "'','','','','','',SUCCEEDED,7",
    "default,n1,db,'',uid:1000,dev.caisson.container.,FAILED,1"
  })
  void findsWhatMatchesAll(
      String tenant,
      String node,
      String sandbox,
      String container,
      String principal,
      String type,
      String outcome,
      int count)
      throws Exception {
    TrailQuery query =
        new TrailQuery(
            tenant, node, sandbox, container, principal, type, none(), none(), outcome, 100);
    assertThat(search(query).found()).hasSize(count);
  }

  @Test
  void includesFromAndExcludesTo() throws Exception {
    TrailQuery query = between(FIRST + 2 * SECOND, FIRST + 4 * SECOND);
    assertThat(seqs(search(query).found())).containsExactly(3L, 4L);
  }

  @Test
  void goesOnAfterThePageBefore() throws Exception {
    TrailQuery query = ofSize(7);
    List<Long> seqs = new ArrayList<>();
    Page page = search(query);
    seqs.addAll(seqs(page.found()));
    while (page.next().isPresent()) {
      page = new TrailSearch(trail.database).search(query, page.next().get());
      seqs.addAll(seqs(page.found()));
    }
    assertThat(seqs).hasSize(19).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void neitherRepeatsNorHidesWhenRecordsComeMeanwhile() throws Exception {
    TrailQuery query = ofSize(10);
    Page first = search(query);
    trail.store(new FakeJournal("n0").started().life("early", "bird").records());
    journal.denied("db");
    trail.store(journal.records());
    Page second = new TrailSearch(trail.database).search(query, first.next().orElseThrow());
    List<Long> ofFirstNode = new ArrayList<>(seqs(first.found()));
    second.found().stream()
        .filter(found -> found.event().getNode().equals("n1"))
        .forEach(found -> ofFirstNode.add(found.event().getSeq()));
    assertThat(ofFirstNode).doesNotHaveDuplicates().isSorted().startsWith(1L, 2L, 3L);
    assertThat(ofFirstNode.getLast()).isEqualTo(ofFirstNode.size());
  }

  @Test
  void endsAPageBeforeItIsTooLargeForAMessage() throws Exception {
    String large = "x".repeat(60_000);
    for (int i = 0; i < 60; i++) {
      journal.intent(
          "big",
          "c",
          event -> event.setContainerCreated(ContainerCreated.newBuilder().addArgs(large)));
    }
    trail.store(journal.records());
    Page page = search(any());
    int bytes = page.found().stream().mapToInt(found -> found.event().getSerializedSize()).sum();
    assertThat(bytes).isLessThanOrEqualTo(TrailSearch.MAX_PAGE_BYTES);
    assertThat(page.next()).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "====", "AAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
  void refusesATokenThatIsNone(String token) {
    assertRefused(token, any(), "page_token must be one that a search returned");
  }

  @Test
  void refusesATokenThatIsTooLong() {
    assertRefused("A".repeat(2_000), any(), "page_token must be one that a search returned");
  }

  @Test
  void refusesATokenThatWasAltered() throws Exception {
    byte[] token = Base64.getUrlDecoder().decode(search(ofSize(3)).next().orElseThrow());
    token[12] ^= 1;
    String altered = Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    assertRefused(altered, any(), "page_token must be one that a search returned");
  }

  @Test
  void refusesATokenOfAnotherSearch() throws Exception {
    String token = search(ofSize(3)).next().orElseThrow();
    assertRefused(
        token,
        between(FIRST, FIRST + SECOND),
        "page_token must be used with the filters it came from");
  }

  @Test
  void takesATokenWithAnotherPageSize() throws Exception {
    String token = search(ofSize(3)).next().orElseThrow();
    assertThat(seqs(new TrailSearch(trail.database).search(ofSize(1), token).found()))
        .containsExactly(4L);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1_001})
  void refusesAPageSizeOutOfBounds(int size) {
    assertThatThrownBy(() -> ofSize(size))
        .isInstanceOf(InvalidQueryException.class)
        .hasMessage("page_size must be from 0 to 1000: " + size);
  }

  @Test
  void refusesATypeWithOtherCharacters() {
    assertThatThrownBy(() -> new TrailQuery("", "", "", "", "", "dev.%", none(), none(), "", 100))
        .hasMessage("type must be letters, digits and dots: dev.%");
  }

  @Test
  void refusesTextAboveTheBound() {
    assertThatThrownBy(
            () -> new TrailQuery("x".repeat(1_025), "", "", "", "", "", none(), none(), "", 100))
        .isInstanceOf(InvalidQueryException.class);
  }

  @Test
  void refusesATimeThatEndsBeforeItBegins() {
    assertThatThrownBy(() -> between(2, 1)).hasMessage("to must not be before from");
  }

  private void assertRefused(String token, TrailQuery query, String message) {
    assertThatThrownBy(() -> new TrailSearch(trail.database).search(query, token))
        .isInstanceOf(InvalidQueryException.class)
        .hasMessage(message);
  }

  private Page search(TrailQuery query) throws Exception {
    return new TrailSearch(trail.database).search(query, "");
  }

  private static TrailQuery any() {
    return ofSize(100);
  }

  private static TrailQuery ofSize(int size) {
    return new TrailQuery("", "", "", "", "", "", none(), none(), "", size);
  }

  private static TrailQuery between(long from, long to) {
    return new TrailQuery(
        "", "", "", "", "", "", OptionalLong.of(from), OptionalLong.of(to), "", 100);
  }

  private static OptionalLong none() {
    return OptionalLong.empty();
  }

  private static List<Long> seqs(List<Found> found) {
    return found.stream().map(each -> each.event().getSeq()).toList();
  }
}
