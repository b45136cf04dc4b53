-- What fills an institution with students from the table of pupils; see student_volume.py. The columns of each table are in
-- the order in which its migration made them.
insert into household
select distinct %(institution)s::uuid, household, now(), now() from pupil;

insert into student
select %(institution)s::uuid, id, now(), now(), household, campus, null::uuid, name, 2016, 1 + n %% 12, 1 + n %% 28,
      'female', '实验小学', '三年级', null::uuid, now() - n %% 700 * interval '1 day', 'enrolled' from pupil;

insert into guardian
select %(institution)s::uuid, guardian, now(), now(), household, guardian_name, null, null, null from pupil;

insert into guardian_link
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus, id, guardian, 'mother', 50, true, true
      from pupil;

insert into timeline_entry
select %(institution)s::uuid, gen_random_uuid(), now(), now(), p.campus, p.id,
      (array['lessons', 'hours', 'learning', 'lessons', 'hours', 'messages', 'lessons', 'hours', 'service', 'money'])
        [1 + r %% 10],
      (array['attendance_confirmed', 'hours_consumed', 'homework_given', 'attendance_confirmed', 'hours_consumed',
        'message_finished', 'attendance_confirmed', 'hours_consumed', 'family_called', 'payment_received'])[1 + r %% 10],
      now() - (r * 5 + p.n %% 5) * interval '1 day',
      case r %% 10 when 9 then jsonb_build_object('amount_fen', '640000', 'order_id', gen_random_uuid())
        else jsonb_build_object('lesson_id', gen_random_uuid(), 'course_id', gen_random_uuid(), 'code', 'present',
          'counts_as_present', (r %% 7 > 0)::text, 'revision', '1', 'remaining_hundredths', '1200',
          'lesson_start_time', to_char(now() - r * 5 * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end
      from pupil p cross join lateral generate_series(0, case when p.n %% 100 = 0 then %(long)s else %(short)s end) r;

insert into hour_lot
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus, id, gen_random_uuid(), 1200, 1, 'paid', false,
      null::date, 1 from pupil cross join generate_series(1, 2);

insert into taught_group
select %(institution)s::uuid, class_group, now(), now(), min(campus::text)::uuid, gen_random_uuid(), '数学班'
      from pupil group by class_group;

insert into group_member
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus, class_group, id, now() - interval '90 days',
      null::timestamptz from pupil;

insert into lesson
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus_id, course_id, array[id], '{}'::uuid[], null::uuid,
      null::uuid, now() + w * interval '1 day', now() + w * interval '1 day' + interval '2 hours', false, 1
      from taught_group cross join generate_series(-20, 20) w;

insert into lesson_place
select institution_id, class_group_ids[1], start_time, id from lesson;

insert into homework_work
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus, gen_random_uuid(), id, gen_random_uuid(), 1,
      false, now() - r * interval '8 days', now() - r * interval '7 days',
      case when r %% 3 = 0 then 'open' else 'marked' end, false, 1, now(), 80, 100, '{}'::uuid[]
      from pupil cross join generate_series(1, 10) r;

insert into exam
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus_id, id, 'math', '单元测验', 'unit',
      current_date - 20 * r, 10000, '[]'::jsonb, 'open', gen_random_uuid()
      from taught_group cross join generate_series(1, 4) r;

insert into exam_score
select %(institution)s::uuid, gen_random_uuid(), now(), now(), p.campus, e.id, p.id, 7000 + p.n %% 3000,
      '{}'::bigint[], 1, gen_random_uuid() from pupil p join exam e on e.class_group_id = p.class_group;

insert into tag
select %(institution)s::uuid, gen_random_uuid(), now(), now(), '标签' || r, 'student', 'learning', null::jsonb, 0, 'active',
      null::timestamptz, null::uuid, null::date from generate_series(1, 20) r;

insert into student_tag
select %(institution)s::uuid, gen_random_uuid(), now(), now(), p.campus, p.id, t.id, 'manual', null::bytea, null::uuid,
      now(), null::timestamptz, null::timestamptz from pupil p join tag t on t.name in
      ('标签' || (1 + p.n %% 20), '标签' || (1 + (p.n + 7) %% 20));

insert into ticket
select %(institution)s::uuid, gen_random_uuid(), now(), now(), campus, null::uuid, id, null::uuid, null::uuid, null::uuid,
      'complaint', 'staff', 'open', null::bytea, null::bytea, null::bytea, now(), now(), null::timestamptz,
      null::timestamptz, null::timestamptz, null::timestamptz, 0, 0, 0 from pupil where n %% 20 = 0;
